/**
 * The store of one service in one SQLite file, by Node's own `node:sqlite`. Several processes of a machine may open the same file.
 * Its parts are in `store-*.ts` beside this file; MongoDB's have the same names.
 */
import { stat } from "node:fs/promises";
import type { Store } from "../store.ts";
import { openDatabase, reindex } from "./open.ts";
import { OpenFile, type SqliteOptions } from "./open-file.ts";
import { releaseFile } from "./slow-questions.ts";
import { eventsOf } from "./store-events.ts";
import { readsOf } from "./store-reads.ts";
import { searchesOf, type SqliteStore } from "./store-searches.ts";
import { valuesOf } from "./store-values.ts";
import { writesOf } from "./store-writes.ts";

export type { SqliteStore } from "./store-searches.ts";

/** @throws StoreError STORE_UNAVAILABLE, with the reason as its message, when the file cannot be used; it is left as it was */
export async function openSqlite(options: SqliteOptions): Promise<SqliteStore> {
  const db = await openDatabase(options.file, options.text !== undefined, options);
  try {
    const file = new OpenFile(db, options);
    await reindex(db, file.writer, options);
    return { ...readsOf(file), ...searchesOf(file), ...writesOf(file), ...eventsOf(file), ...valuesOf(file), ...wholeOf(file) };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The operations on the file as a whole. */
const wholeOf = (file: OpenFile): Pick<Store, "changes" | "waiting" | "stats" | "close"> => ({
  changes(): string {
    // Commits of other connections, and changes by this one.
    const { others, own } = file.db.one<{ others: number; own: number }>(
      "SELECT data_version AS others, total_changes() AS own FROM pragma_data_version()",
    );
    return `${others}.${own}`;
  },

  waiting(): number {
    return file.queue.length;
  },

  async stats(): Promise<{ documents: Record<string, number>; bytes: number }> {
    const documents = await file.reading(() =>
      Object.fromEntries(file.types.all().flatMap(({ name, living }) => (living > 0 ? [[name, living]] : []))),
    );
    const sizes = await Promise.all(
      ["", "-wal"].map((end) =>
        stat(file.db.file + end).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return { documents, bytes: sizes.reduce((sum, size) => sum + size) };
  },

  async close(): Promise<void> {
    if (file.isClosed) return;
    file.isClosed = true;
    await file.queue.close();
    await file.log.close();
    await releaseFile(file.db.file);
    // The last process that closes the file empties its log and removes it.
    file.db.close();
  },
});
