/** Reads of a SQLite store: single resources, their versions, histories. */
import type { HistoryQuery, Store, StoredResource } from "../store.ts";
import { readHistory } from "./history.ts";
import type { OpenFile } from "./open-file.ts";
import { methodNames } from "./schema.ts";

/** Resources that are read in one turn of the event loop. */
const MAX_AT_ONCE = 100;

/** The operations that read by type and id. */
export const readsOf = (file: OpenFile): Pick<Store, "read" | "readAll" | "readVersion" | "history"> => ({
  read(type: string, id: string): Promise<StoredResource | undefined> {
    return file.reading(() => currentOf(file, type, id));
  },

  async readAll(places: [type: string, id: string][]): Promise<(StoredResource | undefined)[]> {
    const found: (StoredResource | undefined)[] = [];
    for (let from = 0; from < places.length; from += MAX_AT_ONCE) {
      const some = places.slice(from, from + MAX_AT_ONCE);
      const read = () => some.map(([type, id]) => currentOf(file, type, id));
      found.push(...(await file.reading(some.length === 1 ? read : () => file.db.snapshot(read))));
    }
    return found;
  },

  readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined> {
    return file.reading(() =>
      file.db.snapshot(() => {
        const no = file.types.find(type);
        if (no === undefined) return undefined;
        const current = file.db.get<StoredRow & { seq: number }>(
          "SELECT seq, id, version, updated, method, json, author FROM resource WHERE type = ? AND id = ?",
          no,
          id,
        );
        if (!current) return undefined;
        if (current.version === version && current.method < 4) return stored(type, current);
        return stored(
          type,
          file.db.get<StoredRow>(
            "SELECT id, version, updated, method, json, author FROM history WHERE seq = ? AND version = ?",
            current.seq,
            version,
          ),
        );
      }),
    );
  },

  history(query: HistoryQuery): Promise<{ versions: StoredResource[]; more: boolean }> {
    return readHistory(file.db, file.types, query, (piece) => file.reading(() => file.db.snapshot(piece)));
  },
});

function currentOf({ types, db }: OpenFile, type: string, id: string): StoredResource | undefined {
  const no = types.find(type);
  if (no === undefined) return undefined;
  return stored(type, db.get<StoredRow>("SELECT id, version, updated, method, json FROM resource WHERE type = ? AND id = ?", no, id));
}

interface StoredRow {
  id: string;
  version: number;
  updated: number;
  method: number;
  json: string | null;
  author?: string | null;
}

/** A row as a stored resource; undefined for one that has moved away. */
function stored(type: string, row: StoredRow | undefined): StoredResource | undefined {
  if (!row || methodNames[row.method] === "moved") return undefined;
  const { id, version, updated, json, author } = row;
  const method = methodNames[row.method] as StoredResource["method"];
  const found: StoredResource = json === null ? { type, id, version, updated, method } : { type, id, version, updated, method, json };
  if (author) found.author = author;
  return found;
}
