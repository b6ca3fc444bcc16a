/** Optimistic concurrency for writes that the client has not bound to a version: on a conflict they are read, planned and written again. */
import { setTimeout as delay } from "node:timers/promises";
import { KeyedQueue } from "../mesh/keyed-queue.ts";
import { isType } from "./errors.ts";

/** Time limit of all attempts together, milliseconds. */
const RETRY_FOR_MS = 10_000;
/** Pause between two attempts, milliseconds: random, up to the first value, which doubles with each attempt up to the second. */
const [FIRST_PAUSE_MS, MAX_PAUSE_MS] = [10, 400];

/** Another write has changed what this write was planned on. */
export class WriteConflict extends Error {}

/** Writes that have met a conflict, by what they write. */
const conflicting = new KeyedQueue();

/**
 * Repeats `attempt` while it throws WriteConflict, for up to 10 s with jitter. Twelve concurrent writes of one resource could take 78 attempts:
 * so after its first conflict, and while others of this process repeat the same, a write waits in a keyed queue and can conflict with only one
 * write of each other process.
 *
 * @param about what it writes, one key each; computed only after a conflict, or while other writes repeat
 * @param attempt counted from 1; throws WriteConflict to be repeated
 * @param givenUp makes the error that is thrown after 10 s
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
