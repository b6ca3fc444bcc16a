/** Opens a service's SQLite file: creates its tables, refuses foreign files, and rebuilds search values whose meaning has changed. */
import { DatabaseSync } from "node:sqlite";
import type { StoreOptions } from "../store.ts";
import { unavailable } from "../store-error.ts";
import { Database } from "./database.ts";
import { APPLICATION_ID, migrations, SCHEMA_VERSION, textTable } from "./schema.ts";
import type { Writer } from "./write.ts";

/**
 * Pages of a file that its connection keeps in memory, KiB: a process may hold two dozen of them. With four times as many, an import into 300,000 resources
 * takes no less processor time, as the system keeps the file in its own memory.
 */
const CACHE_KIB = 4_096;
/** Pages in the write-ahead log after which they are copied into the file: pages that change often are then copied once. 32 MB. */
const CHECKPOINT_PAGES = 8_000;
/** Size to which a log is cut back that grew because a long read held it open. */
const WAL_LIMIT_BYTES = 64_000_000;
const REINDEX_BATCH = 200;

/** Opens the file, with all tables. @throws StoreError STORE_UNAVAILABLE */
export async function openDatabase(
  file: string,
  withText: boolean,
  { maxPages, cacheKib = CACHE_KIB }: { maxPages?: number; cacheKib?: number } = {},
): Promise<Database> {
  return openFile(file, async (db) => {
    await db.whenFree(() => {
      refuseForeign(db);
      db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${cacheKib};
        PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}`);
      if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`);
    });
    await db.whenFree(() => inTransaction(db, () => createTables(db, withText)));
  });
}

/** Opens a file and runs `setUp`; closes it if that fails. @throws StoreError STORE_UNAVAILABLE, and the errors of `setUp` */
export async function openFile(file: string, setUp: (db: Database) => Promise<void>): Promise<Database> {
  let db: Database;
  try {
    db = new Database(file);
  } catch (error) {
    throw unavailable(`${file} cannot be opened: its folder must exist and be writable.`, error);
  }
  try {
    await setUp(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The `indexVersion` of the search values in a file with a full-text index; undefined if its tables are of another version, so that opening it would change it. */
export function indexVersionIn(file: string): string | undefined {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const { user_version: version } = db.prepare("PRAGMA user_version").get() as { user_version: number };
    if (version !== SCHEMA_VERSION) return undefined;
    const known = db.prepare("SELECT value FROM meta WHERE key = 'index version'").get() as { value: string } | undefined;
    return known?.value.endsWith(WITH_TEXT) ? known.value.slice(0, -WITH_TEXT.length) : undefined;
  } finally {
    db.close();
  }
}

const WITH_TEXT = " with text";

const rowsVersion = ({ indexVersion, withText }: { indexVersion: string; withText: boolean }): string =>
  indexVersion + (withText ? WITH_TEXT : "");

/** Refuses a file of another program. @returns whether the file is empty @throws StoreError STORE_UNAVAILABLE */
export function refuseForeignFile(db: Database): boolean {
  const { application_id: mark } = db.one<{ application_id: number }>("PRAGMA application_id");
  const isEmpty = db.one<{ n: number }>("SELECT count(*) AS n FROM sqlite_schema").n === 0;
  if (mark !== APPLICATION_ID && !isEmpty) {
    throw unavailable(`${db.file} is not a store of OpenWard: move it away or choose another DATA_DIR.`);
  }
  return isEmpty;
}

function refuseForeign(db: Database): void {
  refuseForeignFile(db);
  const { user_version: version } = db.one<{ user_version: number }>("PRAGMA user_version");
  if (version > SCHEMA_VERSION) throw unavailable(`${db.file} was written by a newer version of OpenWard: run that version.`);
}

function createTables(db: Database, withText: boolean): void {
  refuseForeign(db);
  const { user_version: version } = db.one<{ user_version: number }>("PRAGMA user_version");
  for (const migration of migrations.slice(version)) db.exec(migration);
  if (version < SCHEMA_VERSION) db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION};`);
  if (withText) db.exec(textTable);
}

function inTransaction(db: Database, work: () => void): void {
  db.run("BEGIN IMMEDIATE");
  try {
    work();
    db.run("COMMIT");
  } catch (error) {
    db.rollback();
    throw error;
  }
}

/**
 * Rebuilds the search values of all living resources if the file has another `indexVersion`. It runs in batches, each of which
 * notes its end: a start that was killed continues there, and two processes that start at once share the work.
 */
export async function reindex(db: Database, writer: Writer, options: StoreOptions): Promise<void> {
  const wanted = rowsVersion({ indexVersion: options.indexVersion, withText: options.text !== undefined });
  const read = (key: string) => db.get<{ value: string | number }>("SELECT value FROM meta WHERE key = ?", key)?.value;
  const write = (key: string, value: string | number): void => db.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value);

  let isDone = false;
  while (!isDone) {
    await db.whenFree(() => {
      if (read("index version") === wanted) {
        isDone = true;
        return;
      }
      inTransaction(db, () => {
        if (read("reindexing to") !== wanted) {
          write("reindexing to", wanted);
          write("reindexed up to", 0);
        }
        const rows = db.all<{ seq: number; json: string }>(
          "SELECT seq, json FROM resource WHERE seq > ? AND method < 3 ORDER BY seq LIMIT ?",
          read("reindexed up to") as number,
          REINDEX_BATCH,
        );
        for (const { seq, json } of rows) {
          writer.index.replace(seq, options.reindex(json));
          writer.index.writeText(seq, json, true);
        }
        const last = rows.at(-1);
        if (last) write("reindexed up to", last.seq);
        else write("index version", wanted);
      });
    });
    await new Promise(setImmediate);
  }
}
