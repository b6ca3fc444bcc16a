/** Writes that no client has bound to a version, made on what was read: if others have written since, all is done again. */
import { setTimeout as delay } from "node:timers/promises";
import { isType } from "./errors.ts";

/** For so long it is done again; milliseconds. */
const REPEAT_FOR = 10_000;
/** Before it is done again: at random up to the first, doubled each time, up to the second; milliseconds. */
const [PAUSE, MOST_PAUSE] = [10, 400];

/** Others have written what this was made on. */
export class Overtaken extends Error {}

/** Who was overtaken, by what they write: the end of each line. Lines are as long as calls are under way in this process. */
const lines = new Map<string, Promise<void>>();

/**
 * Does it until nobody is faster. Twelve that overtake each other may do it 78 times, so whoever was overtaken waits in line
 * with the others of this process, and whoever finds a line joins it; then each meets no more than the other processes' first in line.
 *
 * @param about what it writes, a name for each; asked when it matters
 * @param attempt counted from 1; throws Overtaken to be done again
 * @param givenUp what is thrown when others were faster, or before it, all the time
 */
export async function whileOvertaken<Result>(
  about: () => string[],
  attempt: (count: number) => Promise<Result>,
  givenUp: () => Error,
): Promise<Result> {
  const until = performance.now() + REPEAT_FOR;
  let count = 1;
  if (lines.size === 0 || !about().some((name) => lines.has(name))) {
    try {
      return await attempt(count);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
    }
    count += 1;
  }
  return inLine(about(), until, async () => {
    for (let pause = PAUSE; performance.now() < until; count += 1) {
      try {
        return await attempt(count);
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
      }
      await delay(Math.random() * pause);
      pause = Math.min(MOST_PAUSE, pause * 2);
    }
    throw givenUp();
  });
}

/** Behind all who are in line for any of the names, but not for longer than until then (as `performance.now` tells it). */
async function inLine<Result>(names: string[], until: number, work: () => Promise<Result>): Promise<Result> {
  const ahead = names.flatMap((name) => lines.get(name) ?? []);
  let leave = (): void => {};
  const place = new Promise<void>((resolve) => {
    leave = resolve;
  });
  for (const name of names) lines.set(name, place);
  const patience = new AbortController();
  try {
    const waited = delay(Math.max(0, until - performance.now()), undefined, { signal: patience.signal }).catch(() => {});
    if (ahead.length > 0) await Promise.race([Promise.all(ahead), waited]);
    return await work();
  } finally {
    patience.abort();
    leave();
    for (const name of names) if (lines.get(name) === place) lines.delete(name);
  }
}

/** @throws Overtaken in place of STALE_VERSION */
export async function orOvertaken<Result>(write: Promise<Result>): Promise<Result> {
  try {
    return await write;
  } catch (error) {
    throw isType(error, "STALE_VERSION") ? new Overtaken() : error;
  }
}
