/** Questions that would keep everybody else waiting: one by one, and all of one request together. */
import { FhirError } from "../fhir/outcome.ts";

/** What is left of the processor time that questions may take together; they take it from here. */
export interface Budget {
  leftMs: number;
}

/**
 * Processor time that all conditions and searches of one request, a bundle too, may take of the services' stores together, milliseconds: 5,000
 * conditions that are answered by an index take a tenth of it.
 */
export const REQUEST_MS = 5_000;
/** And those that one write looks at once more, in which time no other can be made. */
export const WRITE_MS = 1_500;

/** A question that would keep everybody else waiting. */
export class QuestionTooCostly extends FhirError {
  constructor(diagnostics = "The search takes too long: ask for fewer values, or for something that fewer resources have.") {
    super(400, [{ severity: "error", code: "too-costly", diagnostics }]);
  }
}

/** Questions that are each within bounds, and not together. */
export const requestTooCostly = () =>
  new QuestionTooCostly(
    `The conditions and searches of this request take too long together (one request has ${REQUEST_MS / 1_000} s of processor time): send it in parts, or narrow them.`,
  );

/** The conditions of one write are too much by themselves. */
export const writeTooCostly = () =>
  new QuestionTooCostly("The conditions of this write take too long together: send it in parts, or narrow them.");
