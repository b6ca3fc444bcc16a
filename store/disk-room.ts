/**
 * Reserves the last part of a disk for work that has begun: a commit without room after its transaction was decided would be confirmed and lost.
 * New writes are refused while little is left. Commits, decisions, removals, and audit notes (without which no read is answered) are still taken.
 */
import { statfsSync } from "node:fs";
import type { Store } from "./store.ts";
import { storeFull } from "./store-error.ts";

/** Bytes that are reserved; of a small disk at most `KEPT_SHARE`. */
const KEPT_BYTES = 64_000_000;
const KEPT_SHARE = 0.05;
/** Interval between two looks at the disk, milliseconds: a store writes a few megabytes in it at most. */
const LOOK_EVERY_MS = 100;

/** Size of a disk and what is free on it, bytes. */
export interface DiskSpace {
  size: number;
  /** Free for processes that do not run as root. */
  free: number;
}

/** The disk that holds a folder; without limit where the system does not report it. */
function spaceOf(folder: string): DiskSpace {
  try {
    const { blocks, bavail, bsize } = statfsSync(folder);
    return { size: blocks * bsize, free: bavail * bsize };
  } catch {
    return { size: Number.POSITIVE_INFINITY, free: Number.POSITIVE_INFINITY };
  }
}

/** Wraps a store so that it refuses new writes with STORE_FULL while its disk is nearly full. @param where the folder, for the error's text */
export function keepingRoom(store: Store, where: string, space: () => DiskSpace = () => spaceOf(where)): Store {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let left: DiskSpace = { size: 0, free: 0 };
  const requireRoom = (): void => {
    if (performance.now() - lookedAt >= LOOK_EVERY_MS) {
      left = space();
      lookedAt = performance.now();
    }
    if (left.free > Math.min(KEPT_BYTES, left.size * KEPT_SHARE)) return;
    lookedAt = Number.NEGATIVE_INFINITY; // looks again at the next write, so that writes resume as soon as there is room
    throw storeFull(`The disk that holds ${where} is nearly full: nothing new is stored until there is room on it.`);
  };
  const [write, prepare] = [store.write.bind(store), store.prepare.bind(store)];
  const unlessFull = <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      requireRoom();
    } catch (error) {
      return Promise.reject(error);
    }
    return work();
  };
  store.write = (steps, ...more) => {
    const isOfLooks = steps.every((step) => step.op === "emit" && step.queue === "audit");
    return isOfLooks ? write(steps, ...more) : unlessFull(() => write(steps, ...more));
  };
  store.prepare = (...all) => unlessFull(() => prepare(...all));
  return store;
}
