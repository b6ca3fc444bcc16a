/** Finds out why nothing more can be written beside a file: SQLite reports a full disk, but a quota or a size limit only as an I/O error. */
import { closeSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from "node:fs";

/** By error code of the system: the sentence for the operator. */
export const NO_ROOM = {
  ENOSPC: (file: string) => `The disk that holds ${file} is full.`,
  EDQUOT: (file: string) => `The quota of who runs this is used up on the disk that holds ${file}: make room, or raise it.`,
  EFBIG: (file: string) => `${file} has reached the largest size that a file may have: raise the limit of who runs this (ulimit -f).`,
} as const;

/** Whether an error code of the system means that there is no room. */
export const isNoRoom = (code: string | undefined): code is keyof typeof NO_ROOM => code !== undefined && code in NO_ROOM;

/** Bytes by which one write of a store extends its files. */
const GROWTH_BYTES = 1_000_000;
/** Bytes that are written to find out whether a quota has room for them. */
const TRIED_BYTES = 65_536;

/** Tries to write beside the file as the store would. @returns undefined: there is room, so that the error has another cause */
export function whyNoRoom(file: string): keyof typeof NO_ROOM | undefined {
  const trial = `${file}-trial`;
  try {
    const handle = openSync(trial, "w");
    try {
      writeSync(handle, Buffer.alloc(TRIED_BYTES));
      ftruncateSync(handle, Math.max(sizeOf(file), sizeOf(`${file}-wal`)) + GROWTH_BYTES); // takes no room, but meets a size limit
    } finally {
      closeSync(handle);
    }
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return isNoRoom(code) ? code : undefined;
  } finally {
    rmSync(trial, { force: true });
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
