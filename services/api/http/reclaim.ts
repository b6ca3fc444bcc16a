/**
 * Gives memory of large requests back to the system. V8 collects when the program allocates, and lets a heap grow by its own size before;
 * a gateway that was asked for much and then for little would keep it for as long as it is idle.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Work that leaves about this much behind is cleared away. Bytes. */
const WORTHWHILE = 96 * 1024 * 1024;
const SMALL = 256 * 1024;
/** Between two collections. Milliseconds. */
const PAUSE_MS = 1_000;

type Collect = (options: { type: "major"; execution: "async" }) => Promise<void>;

/** Counts the memory that finished work leaves behind, and collects it once it is worth the time. */
export class Reclaim {
  #left = 0;
  #timer: NodeJS.Timeout | undefined;
  #collect: Collect | undefined;

  /** So many bytes were needed, and are no longer. What is small is collected as it comes. */
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
