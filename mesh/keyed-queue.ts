/** A keyed queue: runs work that shares a key one after the other, within one process. */
import { setTimeout as delay } from "node:timers/promises";

/** Work by its keys; bounded by the pending calls of this process, each of which adds one piece. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<void>>();

  /** Whether work for one of the keys is waiting or running. @param keys computed only if there is any work */
  hasWork(keys: () => string[]): boolean {
    return this.#tails.size > 0 && keys().some((key) => this.#tails.has(key));
  }

  /**
   * Runs `work` after all earlier work for any of `keys`, at the latest at `deadline`.
   * @param deadline in the time of `performance.now()`, milliseconds
   */
  async run<Result>(keys: string[], deadline: number, work: () => Promise<Result>): Promise<Result> {
    const earlier = keys.flatMap((key) => this.#tails.get(key) ?? []);
    let finish = (): void => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    for (const key of keys) this.#tails.set(key, done);
    const timer = new AbortController();
    try {
      if (earlier.length > 0) {
        const waited = delay(Math.max(0, deadline - performance.now()), undefined, { signal: timer.signal }).catch(() => {});
        await Promise.race([Promise.all(earlier), waited]);
      }
      return await work();
    } finally {
      timer.abort();
      finish();
      for (const key of keys) if (this.#tails.get(key) === done) this.#tails.delete(key);
    }
  }
}
