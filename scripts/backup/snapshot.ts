/**
 * The stores of a data folder as they stood at one moment, while the mesh writes to them. For that moment, some milliseconds, the write locks of
 * all files are held at once: nobody commits anywhere, so what is then pinned is what a power cut would have left. No bundle is half in it:
 * what is decided but not yet carried out everywhere is still in the coordinator's journal, and what is not decided is aborted after a restore.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { isBusy } from "../../store/sqlite/database.ts";
import { StartupError } from "../start/startup-error.ts";

/** A store whose lock does not come within this gives all others back: writers of the mesh wait five seconds for theirs. Milliseconds. */
const LOCK_MS = 200;
/** Before the next try: at random up to this, milliseconds. */
const PAUSE_MS = 100;
const TRIES = 100;
/** Pages of 4 KiB that are copied at a time, between which the process does other things. */
const PAGES = 1_000;

/** The stores in the folder, by the names of their files. */
export const storesIn = (dataDir: string): string[] =>
  readdirSync(dataDir)
    .filter((name) => name.endsWith(".sqlite"))
    .sort();

/** Copies of the stores, all of the same moment. @param onCopied hears of each */
export async function copyStores(dataDir: string, target: string, onCopied: (name: string) => void): Promise<void> {
  const names = storesIn(dataDir);
  const pinned = await pin(names.map((name) => join(dataDir, name)));
  try {
    for (const [index, name] of names.entries()) {
      const reader = pinned[index] as DatabaseSync;
      await backup(reader, join(target, name), { rate: PAGES });
      reader.exec("ROLLBACK"); // the store's log may be cut again
      onCopied(name);
    }
  } finally {
    for (const reader of pinned) reader.close();
  }
}

/** A connection to each file whose reading began at the same moment. @throws StartupError when the moment does not come */
async function pin(files: string[]): Promise<DatabaseSync[]> {
  const writers: DatabaseSync[] = [];
  const readers: DatabaseSync[] = [];
  try {
    for (const file of files) {
      writers.push(new DatabaseSync(file, { timeout: LOCK_MS }));
      readers.push(new DatabaseSync(file, { timeout: LOCK_MS }));
    }
    for (let tries = 1; !isPinned(writers, readers); tries += 1) {
      if (tries === TRIES) throw new StartupError("The stores are too busy to be copied at one moment: try again later.");
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
