/** The folder of all data: created if missing, writable, and used by one mesh at a time. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ensureFolder } from "../../mesh/ensure-folder.ts";
import { bornAt } from "../lock.mjs";
import { StartupError } from "./startup-error.ts";

/** The process that uses the folder, for people and for scripts that join it. */
export interface Running {
  pid: number;
  /** Address of the gateway; absent if this process runs none. */
  url?: string;
  started: string;
}

/** Name of a file that exists in a data folder while a backup is restored into it. */
export const RESTORING = "restore.unfinished";

/** @throws StartupError if a restore was interrupted: some stores are there and others are not */
export function refuseUnfinishedRestore(dataDir: string): void {
  if (!existsSync(join(dataDir, RESTORING))) return;
  throw new StartupError(`The restore into ${dataDir} has not ended, and some of its data are missing: run \`npm run restore\` again.`);
}

/** A data folder that this process has locked. */
export interface DataFolder {
  /** Writes which process runs, for others to read. */
  announce(running: Running): void;
  release(): void;
}

/**
 * Locks the folder: `alone` for a process that is the whole mesh, otherwise shared with the other processes of one mesh
 * on this machine. The lock is the kernel's, held through SQLite on a file of its own: it ends with its process,
 * however that ends, and works between containers that share the folder.
 * @throws StartupError: not writable, full, in use, or partly restored
 */
export function takeDataFolder(dataDir: string, { alone }: { alone: boolean }): DataFolder {
  refuseUnfinishedRestore(dataDir);
  let lock: DatabaseSync;
  try {
    ensureFolder(dataDir);
    probe(dataDir);
    lock = new DatabaseSync(join(dataDir, "lock"), { timeout: 0 });
  } catch (error) {
    throw refusalOf(dataDir, error as NodeJS.ErrnoException);
  }
  try {
    if (alone) lock.exec("BEGIN EXCLUSIVE");
    else lock.exec("BEGIN; SELECT * FROM sqlite_schema");
  } catch {
    lock.close();
    throw new StartupError(`${whoUses(dataDir)} uses the data in ${dataDir}: stop it first, or choose another DATA_DIR.`);
  }
  const file = runningFile(dataDir);
  let announced = false;
  return {
    announce(running) {
      announced = true;
      writeAtomically(file, JSON.stringify({ ...running, born: bornAt(running.pid) }));
    },
    release() {
      if (announced) rmSync(file, { force: true });
      lock.close();
    },
  };
}

/**
 * The right to supervise the mesh on the folder, held by a lock until its process ends; undefined if another process has it.
 * (The folder itself is shared: children of a killed supervisor may still use it when the next one starts.)
 */
export function takeSupervision(dataDir: string): { release(): void } | undefined {
  const lock = new DatabaseSync(join(dataDir, "cluster.lock"), { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch {
    lock.close();
    return undefined;
  }
  return { release: () => lock.close() };
}

/** Replaces a file: readers see the old content or the new one, never a part. Only the owner can read it. */
export function writeAtomically(file: string, content: string): void {
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, content, { mode: 0o600 });
  renameSync(fresh, file);
}

/** The process that has announced itself in the folder, if it is still alive. */
export function runningIn(dataDir: string): Running | undefined {
  try {
    const { born, ...running } = JSON.parse(readFileSync(runningFile(dataDir), "utf8")) as Running & { born?: string };
    process.kill(running.pid, 0);
    // Another process has its id by now: process ids are reused.
    return born === undefined || born === bornAt(running.pid) ? running : undefined;
  } catch {
    return undefined;
  }
}

const runningFile = (dataDir: string) => join(dataDir, "running.json");

function whoUses(dataDir: string): string {
  const running = runningIn(dataDir);
  if (!running) return "Another process";
  return `Another OpenWard (process ${running.pid}${running.url ? `, ${running.url}` : ""})`;
}

/** Tries to write: a folder may exist and refuse files, and a full disk may accept a file's name but not its content. */
function probe(dataDir: string): void {
  const file = join(dataDir, `probe.${process.pid}`);
  try {
    writeFileSync(file, Buffer.alloc(65_536));
  } finally {
    rmSync(file, { force: true });
  }
}

function refusalOf(dataDir: string, { code, message }: NodeJS.ErrnoException): StartupError {
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new StartupError(`The folder ${dataDir} is not writable for this user: change its permissions, or choose another DATA_DIR.`);
    case "ENOSPC":
    case "EDQUOT":
      return new StartupError(`The disk that holds ${dataDir} is full: make room, or choose another DATA_DIR.`);
    case "ENOTDIR":
    case "EEXIST":
      return new StartupError(`${dataDir} is a file, or lies under one: choose a folder as DATA_DIR.`);
    default:
      return new StartupError(`The folder ${dataDir} cannot be used: ${message}. Choose another DATA_DIR.`);
  }
}
