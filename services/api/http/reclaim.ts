/**
 * Returns the memory of large requests to the system. V8 collects when the program allocates, and lets the heap grow to double its size first; a
 * gateway with few requests after large ones would keep the memory for as long as it is idle.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Garbage that makes a collection worth its time. Bytes. */
const WORTHWHILE = 96 * 1024 * 1024;
const SMALL = 256 * 1024;
/** Least time between two collections. Milliseconds. */
const PAUSE_MS = 1_000;

type Collect = (options: { type: "major"; execution: "async" }) => Promise<void>;

/** Counts the garbage of finished work, and collects it once that is worth the time. */
export class Reclaim {
  #left = 0;
  #timer: NodeJS.Timeout | undefined;
  #collect: Collect | undefined;

  /** Counts bytes that are no longer needed. Small amounts are left to V8. */
  note(bytes: number): void {
    if (bytes < SMALL) return;
    this.#left += bytes;
    if (this.#left < WORTHWHILE || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#left = 0;
      this.#collect ??= collector();
      void this.#collect({ type: "major", execution: "async" });
    }, PAUSE_MS).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function collector(): Collect {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as Collect;
}
