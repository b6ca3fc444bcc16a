/** Limits on the processor time of questions to stores, of each one and of all of a request, because one that takes long delays all others. */
import { FhirError } from "../fhir/outcome.ts";

/** Processor time that is left for the questions of one request; each subtracts what it has taken. */
export interface Budget {
  leftMs: number;
}

/**
 * Processor time that all conditions and searches of one request, a bundle included, may take of all stores together, milliseconds. 5,000
 * conditions that an index answers take a tenth of it.
 */
export const REQUEST_MS = 5_000;
/** Processor time of the conditions of one write, milliseconds: they are checked inside its transaction, while no other write can run. */
export const WRITE_MS = 1_500;

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
