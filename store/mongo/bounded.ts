/** Time limits of questions to MongoDB. */
import { MongoServerError } from "mongodb";
import { type Budget, QUESTION_MS as PROCESSOR_MS, QuestionTooCostly, requestTooCostly } from "../too-costly.ts";

/**
 * Time limit of one question, milliseconds on the server's clock. That server also works for others, and answers them meanwhile: the limit is
 * larger than the processor time that a question to SQLite may take.
 */
const QUESTION_MS = 3_000;
/** MongoDB's error code of an exceeded time limit. */
const MAX_TIME_EXPIRED = 50;

/** Processor time of a request's budget that one millisecond on that clock costs: one question may take all of either. */
const SHARE = PROCESSOR_MS / QUESTION_MS;

/** Driver options of a question from a client. */
export interface Bounds {
  maxTimeMS: number;
}

/** Options of a question that shares no budget. */
export const BOUNDED: Bounds = { maxTimeMS: QUESTION_MS };

/**
 * Answers one of several questions within the time that is left to all. Of questions that run concurrently each pays its share of the
 * elapsed time.
 */
export async function spending<T>(budget: Budget | undefined, ask: (bounds: Bounds) => Promise<T>): Promise<T> {
  if (!budget) return ask(BOUNDED);
  if (budget.leftMs <= 0) throw requestTooCostly();
  const left = Math.ceil(budget.leftMs / SHARE);
  const clock = clockOf(budget);
  clock.begin();
  try {
    return await ask({ maxTimeMS: Math.min(QUESTION_MS, left) });
  } catch (error) {
    throw left < QUESTION_MS && isTooLate(error) ? requestTooCostly() : error;
  } finally {
    budget.leftMs -= clock.end() * SHARE;
  }
}

/** Measures the time during which at least one question of a budget runs. */
class Clock {
  #asked = 0;
  #since = 0;

  begin(): void {
    if (this.#asked === 0) this.#since = performance.now();
    this.#asked += 1;
  }

  /** @returns the time since the last begin or end of any question */
  end(): number {
    const now = performance.now();
    const passed = now - this.#since;
    this.#since = now;
    this.#asked -= 1;
    return passed;
  }
}

const clocks = new WeakMap<Budget, Clock>();

function clockOf(budget: Budget): Clock {
  const known = clocks.get(budget) ?? new Clock();
  clocks.set(budget, known);
  return known;
}

const isTooLate = (error: unknown): boolean => error instanceof MongoServerError && error.code === MAX_TIME_EXPIRED;

/** The error for the client, if the time limit was exceeded. */
export const tooCostly = (error: unknown): QuestionTooCostly | undefined => (isTooLate(error) ? new QuestionTooCostly() : undefined);
