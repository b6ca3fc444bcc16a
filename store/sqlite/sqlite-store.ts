/**
 * The store of one service in one SQLite file, by Node's own `node:sqlite`. Several processes of a machine may open the same file.
 * In a process that runs all services a thread makes its writes (`thread/`); everything else is answered here.
 * Its parts are in `store-*.ts` beside this file; MongoDB's have the same names.
 */
import { stat } from "node:fs/promises";
import type { Reliance, Store } from "../store.ts";
import { openDatabase, reindex } from "./open.ts";
import { OpenFile, type SqliteOptions } from "./open-file.ts";
import { releaseFile } from "./slow-questions.ts";
import { eventsOf } from "./store-events.ts";
import { readsOf } from "./store-reads.ts";
import { searchesOf, type SqliteStore } from "./store-searches.ts";
import { valuesOf } from "./store-values.ts";
import { writesOf } from "./store-writes.ts";
import { commonClock, withTexts, WRITING, type WritingOperation } from "./thread/messages.ts";
import { ReadsBesideThread } from "./thread/reads-beside-thread.ts";
import { type FileInThread, openInThread } from "./thread/writer-thread.ts";

export type { SqliteStore } from "./store-searches.ts";

/** Pages of a file that its readers keep beside a thread that writes, KiB: each of its commits makes them read anew. */
const READERS_CACHE_KIB = 1_024;

/** @throws StoreError STORE_UNAVAILABLE, with the reason as its message, when the file cannot be used; it is left as it was */
export async function openSqlite(options: SqliteOptions): Promise<SqliteStore> {
  const db = await openDatabase(options.file, options.text !== undefined, options);
  try {
    const file = new OpenFile(db, options);
    await reindex(db, file.writer, options);
    return { ...allOf(file), ...wholeOf(file) };
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Opens the same store, whose writes are made by a thread.
 * @param options.functions needed for a `text`
 * @throws as `openSqlite`
 */
export async function openSqliteWithThread(options: SqliteOptions): Promise<SqliteStore> {
  if (options.text && !options.functions) throw new Error("A thread that writes texts needs to know where their function is.");
  const db = await openDatabase(options.file, options.text !== undefined, { ...options, cacheKib: READERS_CACHE_KIB });
  try {
    const counters = new SharedArrayBuffer(8);
    const reads = new ReadsBesideThread(db, new Int32Array(counters));
    const file = new OpenFile(db, options, reads);
    await reindex(db, file.writer, options);
    const { onEvents, onVersions } = options;
    const writer = await openInThread(options, counters, {
      flushed: (seen) => reads.flushed(seen),
      ...(onEvents && { onEvents }),
      ...(onVersions && { onVersions }),
    });
    return { ...allOf(file), ...writesBy(writer), ...wholeOf(file, { writer, reads }) };
  } catch (error) {
    db.close();
    throw error;
  }
}

const allOf = (file: OpenFile) => ({ ...readsOf(file), ...searchesOf(file), ...writesOf(file), ...eventsOf(file), ...valuesOf(file) });

/** The writing operations, each carried out by the thread. */
function writesBy(writer: FileInThread): Pick<Store, WritingOperation> {
  const operations = WRITING.map((operation) => [operation, (...args: unknown[]) => writer.write(operation, args)]);
  const all = Object.fromEntries(operations) as Pick<Store, WritingOperation>;
  /** `until` is a time of this thread. */
  const shared = (reliance: Reliance | undefined): Reliance | undefined =>
    reliance && { ...reliance, until: reliance.until - performance.now() + commonClock() };
  const { write, prepare } = all;
  return {
    ...all,
    write: async (steps, key, reliance) => withTexts(await write(steps, key, shared(reliance)), steps),
    prepare: (tx, steps, reliance) => prepare(tx, steps, shared(reliance)),
  };
}

/** The operations on the file as a whole. @param thread that writes to it */
const wholeOf = (
  file: OpenFile,
  thread?: { writer: FileInThread; reads: ReadsBesideThread },
): Pick<Store, "changes" | "waiting" | "stats" | "close"> => ({
  changes(): string {
    // Commits of other connections, and changes by this one.
    const { others, own } = file.db.one<{ others: number; own: number }>(
      "SELECT data_version AS others, total_changes() AS own FROM pragma_data_version()",
    );
    return `${others}.${own}`;
  },

  waiting(): number {
    return thread?.writer.waiting ?? file.queue.length;
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
    await thread?.writer.close();
    await thread?.reads.close();
    await file.queue.close();
    await file.log.close();
    await releaseFile(file.db.file);
    // The last process that closes the file empties its log and removes it.
    file.db.close();
  },
});
