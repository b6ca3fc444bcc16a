/** How long a question to MongoDB may take. */
import { MongoServerError } from "mongodb";
import { QuestionTooCostly } from "../too-costly.ts";

/**
 * Time that one question may take of the server, milliseconds. It is time on the clock of a server that others use too, and that answers them
 * meanwhile: more than the processor time that SQLite gives one (store/sqlite/database.ts).
 */
const QUESTION_MS = 3_000;
/** MongoDB's code of it. */
const MAX_TIME_EXPIRED = 50;

/** Options of each question that clients make. */
export const BOUNDED = { maxTimeMS: QUESTION_MS } as const;

/** What is thrown then. */
export const tooCostly = (error: unknown): QuestionTooCostly | undefined =>
  error instanceof MongoServerError && error.code === MAX_TIME_EXPIRED ? new QuestionTooCostly() : undefined;
