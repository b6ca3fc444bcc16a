/** How long a question to MongoDB may take. */
import { MongoServerError } from "mongodb";
import { type Budget, QuestionTooCostly, requestTooCostly } from "../too-costly.ts";

/**
 * Time that one question may take of the server, milliseconds. It is time on the clock of a server that others use too, and that answers them
 * meanwhile: more than the processor time that SQLite gives one (store/sqlite/database.ts).
 */
const QUESTION_MS = 3_000;
/** MongoDB's code of it. */
const MAX_TIME_EXPIRED = 50;

/** So much of a request's processor time one millisecond on that clock stands for: one question may take as much of both. */
const SHARE = 700 / QUESTION_MS;

/** Options of a question that clients make. */
export interface Bounds {
  maxTimeMS: number;
}

/** Of one that is by itself. */
export const BOUNDED: Bounds = { maxTimeMS: QUESTION_MS };

/**
 * Answers one of several questions, at most for as long as is left to all. Of those that are asked at once each takes its own part of the
 * time that passes, not all of it.
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

/** Notes the time in which at least one question of a budget is under way. */
class Clock {
  #asked = 0;
  #since = 0;

  begin(): void {
    if (this.#asked === 0) this.#since = performance.now();
    this.#asked += 1;
  }

  /** @returns the time since the last begin, or end, of any of them */
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

/** What is thrown then. */
export const tooCostly = (error: unknown): QuestionTooCostly | undefined => (isTooLate(error) ? new QuestionTooCostly() : undefined);
