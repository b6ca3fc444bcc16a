/**
 * Returns the memory of large requests to the system. V8 collects when the program allocates, and lets the heap grow to double its size first; a
 * gateway with few requests after large ones would keep the memory for as long as it is idle.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Garbage that makes a collection worth its time soon, and at any time. Bytes. */
const WORTHWHILE = 96 * 1024 * 1024;
const LEAST = 8 * 1024 * 1024;
const SMALL = 256 * 1024;
/** Least time between two collections. Milliseconds. */
const PAUSE_MS = 1_000;
/** How long less garbage may stay when no more is added: otherwise V8 collects by itself. Milliseconds. */
const STAY_MS = 10_000;

type Collect = (options: { type: "major"; execution: "async" }) => Promise<void>;

/** Counts the garbage of finished work, and collects it: much within a second, little when there was none for ten seconds. */
export class Reclaim {
  #left = 0;
  #timer: NodeJS.Timeout | undefined;
  #isSoon = false;
  #collect: Collect | undefined;

  /** @param collect V8's garbage collection, except in tests */
  constructor(collect?: Collect) {
    this.#collect = collect;
  }

  /** Counts bytes that are no longer needed. Small amounts are left to V8. */
  note(bytes: number): void {
    if (bytes < SMALL) return;
    this.#left += bytes;
    const isSoon = this.#left >= WORTHWHILE;
    if (this.#left < LEAST || (this.#timer && this.#isSoon)) return;
    if (this.#timer && !isSoon) return void this.#timer.refresh();
    clearTimeout(this.#timer);
    this.#isSoon = isSoon;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#left = 0;
        this.#collect ??= collector();
        void this.#collect({ type: "major", execution: "async" });
      },
      isSoon ? PAUSE_MS : STAY_MS,
    ).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function collector(): Collect {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as Collect;
}
