/** Tests whether a disk has room by writing to it. */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Bytes written: a server that starts writes some files, and needs room to work. */
const TRIED_BYTES = 4_000_000;

/** Writes some megabytes to a file in this folder and removes it: the free space that the system reports ignores quotas. */
export function hasRoom(folder: string): boolean {
  const file = join(folder, `room-${process.pid}`);
  try {
    const opened = openSync(file, "w", 0o600);
    try {
      if (writeSync(opened, Buffer.alloc(TRIED_BYTES)) < TRIED_BYTES) return false;
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
    return true;
  } catch {
    return false;
  } finally {
    rmSync(file, { force: true });
  }
}
