/**
 * Copies the stores of a data folder as of one point in time, while the mesh writes to them. For a few milliseconds the write locks of
 * all files are held at once, so that no process commits anything and the snapshots opened then are what a power cut would have left. No bundle
 * is half in the copy: a transaction that is decided but not yet committed everywhere is in the coordinator's journal, and one that is not decided
 * is aborted after a restore.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { isBusy } from "../../store/sqlite/database.ts";
import { StartupError } from "../start/startup-error.ts";

/** Time limit of one lock, milliseconds; after it all others are released again. Writers of the mesh wait five seconds for theirs. */
const LOCK_MS = 200;
/** Longest random pause before the next attempt, milliseconds. */
const PAUSE_MS = 100;
const TRIES = 100;
/** Pages of 4 KiB that are copied at a time; the process does other work in between. */
const PAGES = 1_000;

/** The names of the stores' files in the folder. */
export const storesIn = (dataDir: string): string[] =>
  readdirSync(dataDir)
    .filter((name) => name.endsWith(".sqlite"))
    .sort();

/** Copies the stores, all of the same point in time. @param onCopied called after each */
export async function copyStores(dataDir: string, target: string, onCopied: (name: string) => void): Promise<void> {
  const names = storesIn(dataDir);
  const pinned = await pin(names.map((name) => join(dataDir, name)));
  try {
    for (const [index, name] of names.entries()) {
      const reader = pinned[index] as DatabaseSync;
      await backup(reader, join(target, name), { rate: PAGES });
      reader.exec("ROLLBACK"); // the store may truncate its log again
      onCopied(name);
    }
  } finally {
    for (const reader of pinned) reader.close();
  }
}

/** Connections to all files whose read transactions began at the same point in time. @throws StartupError if the locks cannot be had */
async function pin(files: string[]): Promise<DatabaseSync[]> {
  const writers: DatabaseSync[] = [];
  const readers: DatabaseSync[] = [];
  try {
    for (const file of files) {
      writers.push(new DatabaseSync(file, { timeout: LOCK_MS }));
      readers.push(new DatabaseSync(file, { timeout: LOCK_MS }));
    }
    for (let tries = 1; !isPinned(writers, readers); tries += 1) {
      if (tries === TRIES) throw new StartupError("The stores are too busy to be copied at one point in time: try again later.");
      await delay(Math.random() * PAUSE_MS);
    }
    return readers;
  } catch (error) {
    for (const reader of readers) reader.close();
    throw error;
  } finally {
    for (const writer of writers) writer.close();
  }
}

function isPinned(writers: DatabaseSync[], readers: DatabaseSync[]): boolean {
  try {
    for (const writer of writers) writer.exec("BEGIN IMMEDIATE");
    for (const reader of readers) reader.exec("BEGIN; SELECT count(*) FROM sqlite_schema");
    return true;
  } catch (error) {
    for (const reader of readers) if (reader.isTransaction) reader.exec("ROLLBACK");
    if (!isBusy(error)) throw error;
    return false;
  } finally {
    for (const writer of writers) if (writer.isTransaction) writer.exec("ROLLBACK");
  }
}
