/** Why nothing more can be written beside a file: SQLite tells a full disk, and takes a quota or a limit for a disk that fails. */
import { closeSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from "node:fs";

/** The system's names of what leaves no room, with what an operator is told. */
export const NO_ROOM = {
  ENOSPC: (file: string) => `The disk that holds ${file} is full.`,
  EDQUOT: (file: string) => `The quota of who runs this is used up on the disk that holds ${file}: make room, or raise it.`,
  EFBIG: (file: string) => `${file} has reached the largest size that a file may have: raise the limit of who runs this (ulimit -f).`,
} as const;

/** Whether a system's error says that there is no room. */
export const isNoRoom = (code: string | undefined): code is keyof typeof NO_ROOM => code !== undefined && code in NO_ROOM;

/** As much as a write of a store grows its files by. Bytes. */
const GROWTH_BYTES = 1_000_000;
/** Written to see whether a quota has room for it. Bytes. */
const TRIED_BYTES = 65_536;

/** Tries to write beside the file as the store would. @returns undefined: there is room, something else is wrong */
export function whyNoRoom(file: string): keyof typeof NO_ROOM | undefined {
  const trial = `${file}-trial`;
  try {
    const handle = openSync(trial, "w");
    try {
      writeSync(handle, Buffer.alloc(TRIED_BYTES));
      ftruncateSync(handle, Math.max(sizeOf(file), sizeOf(`${file}-wal`)) + GROWTH_BYTES); // takes no room: only the limit is asked
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
