/** Waiting lines within one process, for what would only get in its own way if it were done at once. */
import { setTimeout as delay } from "node:timers/promises";

/** The end of each line, by a name for what is waited for. Lines are as long as calls are under way in this process. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<void>>();

  /** Whether somebody is in line for one of the names; asked only when there are lines at all. */
  hasWork(names: () => string[]): boolean {
    return this.#tails.size > 0 && names().some((name) => this.#tails.has(name));
  }

  /**
   * Does it when all are done who are in line for one of the names, but waits for them no longer than until then.
   * @param until as `performance.now()` tells it
   */
  async run<Result>(names: string[], until: number, work: () => Promise<Result>): Promise<Result> {
    const ahead = names.flatMap((name) => this.#tails.get(name) ?? []);
    let leave = (): void => {};
    const place = new Promise<void>((resolve) => {
      leave = resolve;
    });
    for (const name of names) this.#tails.set(name, place);
    const patience = new AbortController();
    try {
      if (ahead.length > 0) {
        const waited = delay(Math.max(0, until - performance.now()), undefined, { signal: patience.signal }).catch(() => {});
        await Promise.race([Promise.all(ahead), waited]);
      }
      return await work();
    } finally {
      patience.abort();
      leave();
      for (const name of names) if (this.#tails.get(name) === place) this.#tails.delete(name);
    }
  }
}
