/** Writes that no client has bound to a version, made on what was read: if others have written since, all is done again. */
import { setTimeout as delay } from "node:timers/promises";
import { isType } from "./errors.ts";

/** For so long it is done again; milliseconds. */
const REPEAT_FOR = 10_000;
/** Before it is done again: at random up to the first, doubled each time, up to the second; milliseconds. */
const [PAUSE, MOST_PAUSE] = [10, 400];

/** Others have written what this was made on. */
export class Overtaken extends Error {}

/**
 * Does it until nobody is faster.
 * @param attempt counted from 1; throws Overtaken to be done again
 * @param givenUp what is thrown when others were faster all the time
 */
export async function whileOvertaken<Result>(attempt: (count: number) => Promise<Result>, givenUp: () => Error): Promise<Result> {
  const begun = performance.now();
  for (let count = 1; ; count += 1) {
    try {
      return await attempt(count);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      if (performance.now() - begun > REPEAT_FOR) throw givenUp();
    }
    await delay(Math.random() * Math.min(MOST_PAUSE, PAUSE * 2 ** (count - 1)));
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
