/** Reads in a process whose writes are made by a thread: what they have seen is on the disk before it is answered. */
import type { Database } from "../database.ts";
import { COUNTER, LogFlush } from "../log-flush.ts";

/** The reads of one file. */
export class ReadsBesideThread {
  readonly #log: LogFlush;
  readonly #counters: Int32Array;
  /** Commits of the thread when the file was last seen to have changed. */
  #commits: number;
  /** The counter of what readers see, up to which all is on the disk. */
  #flushed = 0;
  #waiting: { seen: number; resolve(): void }[] = [];

  /** @param counters as of `FlushSharing` */
  constructor(db: Database, counters: Int32Array) {
    this.#log = new LogFlush(db);
    this.#counters = counters;
    this.#commits = Atomics.load(counters, COUNTER.commits);
  }

  /**
   * As of LogFlush. What other processes commit is flushed here, unless the thread has committed at the same time: then it is on the disk when
   * the other process confirms it.
   */
  reading<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#log.reading(work, this.#areOfThread).then(this.#whenOnDisk) as Promise<T>;
  }

  readonly #areOfThread = (): boolean => {
    const commits = Atomics.load(this.#counters, COUNTER.commits);
    const areNew = commits !== this.#commits;
    this.#commits = commits;
    return areNew;
  };

  readonly #whenOnDisk = (found: unknown): unknown => {
    const seen = Atomics.load(this.#counters, COUNTER.seen);
    if (isUpTo(seen, this.#flushed)) return found;
    return new Promise((resolve) => {
      this.#waiting.push({ seen, resolve: () => resolve(found) });
    });
  };

  /** Notes that everything up to a value of the counter is on the disk, or was refused by it. */
  flushed(seen: number): void {
    if (isUpTo(seen, this.#flushed)) return;
    this.#flushed = seen;
    const all = this.#waiting;
    this.#waiting = all.filter((one) => !isUpTo(one.seen, seen));
    for (const one of all) if (isUpTo(one.seen, seen)) one.resolve();
  }

  /** Nothing more is written by the thread. */
  async close(): Promise<void> {
    this.flushed(Atomics.load(this.#counters, COUNTER.seen));
    await this.#log.close();
  }
}

/** Whether a counter has come no further than another value of it; it wraps around. */
const isUpTo = (counter: number, other: number): boolean => ((counter - other) | 0) <= 0;
