/** Reads of a MongoDB store: single resources, their versions, histories. */
import type { HistoryQuery, Store, StoredResource } from "../store.ts";
import { readHistory } from "./history.ts";
import type { OpenDatabase } from "./open-database.ts";
import type { ResourceDocument } from "./schema.ts";

/** The operations that read by type and id. */
export const readsOf = (database: OpenDatabase): Pick<Store, "read" | "readAll" | "readVersion" | "history"> => ({
  read(type: string, id: string): Promise<StoredResource | undefined> {
    return database.run(async () =>
      stored(await database.collections.resource.findOne({ _id: `${type}/${id}` }, { projection: { author: 0 } })),
    );
  },

  readAll(places: [type: string, id: string][]): Promise<(StoredResource | undefined)[]> {
    return database.run(async () => {
      const wanted = places.map(([type, id]) => `${type}/${id}`);
      const found = await database.collections.resource.find({ _id: { $in: wanted } }, { projection: { author: 0 } }).toArray();
      const known = new Map(found.map((document) => [`${document.type}/${document.id}`, document]));
      return wanted.map((place) => stored(known.get(place) ?? null));
    });
  },

  readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined> {
    return database.run(async () => {
      const current = stored(await database.collections.resource.findOne({ _id: `${type}/${id}` }));
      if (current?.version === version) return current;
      return stored(await database.collections.history.findOne({ _id: `${type}/${id}/${version}` }));
    });
  },

  history(query: HistoryQuery): Promise<{ versions: StoredResource[]; more: boolean }> {
    return database.run(() => readHistory(database.collections, query));
  },
});

function stored(document: Omit<ResourceDocument, "living"> | null): StoredResource | undefined {
  if (!document || document.method === "moved" || document.method === "none") return undefined;
  const { type, id, version, updated, method, json, author } = document;
  return { type, id, version, updated, method, ...(json !== undefined && { json }), ...(author !== undefined && { author }) };
}
