/** Writes that no client has bound to a version, made on what was read: if others have written since, all is done again. */
import { setTimeout as delay } from "node:timers/promises";
import { KeyedQueue } from "../mesh/keyed-queue.ts";
import { isType } from "./errors.ts";

/** For so long it is done again; milliseconds. */
const RETRY_FOR_MS = 10_000;
/** Before it is done again: at random up to the first, doubled each time, up to the second; milliseconds. */
const [FIRST_PAUSE_MS, MAX_PAUSE_MS] = [10, 400];

/** Others have written what this was made on. */
export class WriteConflict extends Error {}

/** Who was overtaken, by what they write. */
const conflicting = new KeyedQueue();

/**
 * Does it until nobody is faster. Twelve that overtake each other may do it 78 times, so whoever was overtaken waits in line
 * with the others of this process, and whoever finds a line joins it; then each meets no more than the other processes' first in line.
 *
 * @param about what it writes, a name for each; asked when it matters
 * @param attempt counted from 1; throws Overtaken to be done again
 * @param givenUp what is thrown when others were faster, or before it, all the time
 */
export async function retryOnConflict<Result>(
  about: () => string[],
  attempt: (count: number) => Promise<Result>,
  givenUp: () => Error,
): Promise<Result> {
  const until = performance.now() + RETRY_FOR_MS;
  let count = 1;
  if (!conflicting.hasWork(about)) {
    try {
      return await attempt(count);
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error;
    }
    count += 1;
  }
  return conflicting.run(about(), until, async () => {
    for (let pause = FIRST_PAUSE_MS; performance.now() < until; count += 1) {
      try {
        return await attempt(count);
      } catch (error) {
        if (!(error instanceof WriteConflict)) throw error;
      }
      await delay(Math.random() * pause);
      pause = Math.min(MAX_PAUSE_MS, pause * 2);
    }
    throw givenUp();
  });
}

/** @throws WriteConflict in place of STALE_VERSION */
export async function asWriteConflict<Result>(write: Promise<Result>): Promise<Result> {
  try {
    return await write;
  } catch (error) {
    throw isType(error, "STALE_VERSION") ? new WriteConflict() : error;
  }
}
