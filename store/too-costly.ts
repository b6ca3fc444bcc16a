/** Limits on the processor time of questions to stores, of each one and of all of a request, because one that takes long delays all others. */
import { FhirError } from "../fhir/outcome.ts";

/** Processor time that is left for the questions of one request; each subtracts what it has taken. */
export interface Budget {
  leftMs: number;
  /** The client that made the request: those whose questions take long take turns. Absent: unknown; all of these count as one. */
  client?: string;
  /** Id of the request: its questions may come by several calls. Absent: those with this budget are one request. */
  request?: string;
  /** How long a question that takes long may wait for its turn, milliseconds; default `WAIT_MS`. */
  waitMs?: number;
}

/** How long a question that takes long waits for its turn at most, milliseconds: less than the time limit of a call. */
export const WAIT_MS = 4_000;

/**
 * Processor time of one question to a SQLite file in the thread that also serves all others, milliseconds. A question that takes longer is
 * asked once more in a thread of its own (`sqlite/slow-questions.ts`).
 */
export const HERE_MS = 10;
/** Processor time that one question may take in all, milliseconds: questions of others that take long as well wait meanwhile. */
export const QUESTION_MS = 700;

/**
 * Processor time that all conditions and searches of one request, a bundle included, may take of all stores together, milliseconds. 5,000
 * conditions that an index answers take a tenth of it.
 */
export const REQUEST_MS = 5_000;
/** Processor time after which all further questions of a request are asked in that thread, milliseconds. */
export const REQUEST_HERE_MS = 250;
/**
 * Processor time of one condition of a write, milliseconds. Conditions are checked inside the write's transaction, while nothing else can run; an index
 * answers one in 0.1 ms.
 */
export const CONDITION_MS = 25;
/** Processor time of all conditions of one write, besides what each adds, milliseconds. */
export const WRITE_MS = 100;
/** What each condition adds to the time of all, milliseconds. */
export const EACH_CONDITION_ADDS_MS = 0.3;

/** Error: a question took more processor time than it may. */
export class QuestionTooCostly extends FhirError {
  constructor(diagnostics = "The search takes too long: use fewer values, or criteria that fewer resources match.") {
    super(400, [{ severity: "error", code: "too-costly", diagnostics }]);
  }
}

/** Error: the questions of a request are each within their limit, but not all together. */
export const requestTooCostly = () =>
  new QuestionTooCostly(
    `The conditions and searches of this request take too long together (one request has ${REQUEST_MS / 1_000} s of processor time): send it in parts, or narrow them.`,
  );

/** Error: the conditions of one write took more processor time than they may. */
export const writeTooCostly = () =>
  new QuestionTooCostly("The conditions of this write take too long together: send it in parts, or narrow them.");
