/**
 * The last of a disk is kept for what was begun: a commit that finds no room after its transaction was decided would be confirmed and not be there.
 * New writes are refused while little is left; commits, decisions, what is taken out, and notes for the ledger (or nobody could read) go on.
 */
import { statfsSync } from "node:fs";
import type { Store } from "./store.ts";
import { storeFull } from "./store-error.ts";

/** So much is kept, but of a small disk no more than this share. Bytes. */
const KEPT_BYTES = 64_000_000;
const KEPT_SHARE = 0.05;
/** A disk is looked at so often: within it a store writes some megabytes at most. Milliseconds. */
const LOOK_EVERY_MS = 100;

/** What a disk has, bytes. */
export interface DiskSpace {
  size: number;
  /** For who is not its administrator. */
  free: number;
}

/** The disk that holds a folder; a system that does not tell has room. */
function spaceOf(folder: string): DiskSpace {
  try {
    const { blocks, bavail, bsize } = statfsSync(folder);
    return { size: blocks * bsize, free: bavail * bsize };
  } catch {
    return { size: Number.POSITIVE_INFINITY, free: Number.POSITIVE_INFINITY };
  }
}

/** The same store, which refuses new writes with STORE_FULL while its disk is nearly full. @param where the folder, for the sentence */
export function keepingRoom(store: Store, where: string, space: () => DiskSpace = () => spaceOf(where)): Store {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let left: DiskSpace = { size: 0, free: 0 };
  const requireRoom = (): void => {
    if (performance.now() - lookedAt >= LOOK_EVERY_MS) {
      left = space();
      lookedAt = performance.now();
    }
    if (left.free > Math.min(KEPT_BYTES, left.size * KEPT_SHARE)) return;
    lookedAt = Number.NEGATIVE_INFINITY; // the first write after there is room is taken
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
