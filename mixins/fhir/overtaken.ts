/** Writes that no client has bound to a version, made on what was read: if others have written since, all is done again. */
import { setTimeout as delay } from "node:timers/promises";
import { Lines } from "../lines.ts";
import { isType } from "./errors.ts";

/** For so long it is done again; milliseconds. */
const REPEAT_FOR = 10_000;
/** Before it is done again: at random up to the first, doubled each time, up to the second; milliseconds. */
const [PAUSE, MOST_PAUSE] = [10, 400];

/** Others have written what this was made on. */
export class Overtaken extends Error {}

/** Who was overtaken, by what they write. */
const lines = new Lines();

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
  if (!lines.isWaitedFor(about)) {
    try {
      return await attempt(count);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
    }
    count += 1;
  }
  return lines.join(about(), until, async () => {
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

/** @throws Overtaken in place of STALE_VERSION */
export async function orOvertaken<Result>(write: Promise<Result>): Promise<Result> {
  try {
    return await write;
  } catch (error) {
    throw isType(error, "STALE_VERSION") ? new Overtaken() : error;
  }
}
