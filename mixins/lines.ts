/** Waiting lines within one process, for what would only get in its own way if it were done at once. */
import { setTimeout as delay } from "node:timers/promises";

/** The end of each line, by a name for what is waited for. Lines are as long as calls are under way in this process. */
export class Lines {
  readonly #ends = new Map<string, Promise<void>>();

  /** Whether somebody is in line for one of the names; asked only when there are lines at all. */
  isWaitedFor(names: () => string[]): boolean {
    return this.#ends.size > 0 && names().some((name) => this.#ends.has(name));
  }

  /**
   * Does it when all are done who are in line for one of the names, but waits for them no longer than until then.
   * @param until as `performance.now()` tells it
   */
  async join<Result>(names: string[], until: number, work: () => Promise<Result>): Promise<Result> {
    const ahead = names.flatMap((name) => this.#ends.get(name) ?? []);
    let leave = (): void => {};
    const place = new Promise<void>((resolve) => {
      leave = resolve;
    });
    for (const name of names) this.#ends.set(name, place);
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
      for (const name of names) if (this.#ends.get(name) === place) this.#ends.delete(name);
    }
  }
}
