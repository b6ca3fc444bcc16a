import { Errors } from "moleculer";

const { MoleculerClientError, MoleculerRetryableError } = Errors;

/** The bundle is invalid. `issues` are OperationOutcome issues. */
export const bundleInvalid = (status: number, issues: object[]) =>
  new MoleculerClientError("The bundle cannot be processed.", status, "BUNDLE_INVALID", { issues });

/** Whether the transaction was decided is unknown: the journal did not answer. Its owners will learn it later. */
export const transactionUnclear = () =>
  new MoleculerRetryableError(
    "The journal did not confirm the transaction: it may be stored or not. Read the resources before you send it again.",
    503,
    "TRANSACTION_UNCLEAR",
  );

/** The transaction was interrupted before it was decided: nothing is stored, and the same request may succeed. */
export const transactionAborted = (why: string) =>
  new MoleculerRetryableError(`The transaction was aborted and nothing is stored: ${why}`, 503, "TRANSACTION_ABORTED");

/** The Idempotency-Key was used for another request: with another URL, body or precondition. */
export const keyOfAnother = () =>
  new MoleculerClientError("This Idempotency-Key belongs to another request: make a new one for each.", 422, "IDEMPOTENCY_KEY_REUSED");

/** The first attempt is not answered yet. */
export const keyInUse = () =>
  new MoleculerRetryableError(
    "The request with this Idempotency-Key is being answered: send it again in a moment.",
    409,
    "IDEMPOTENCY_KEY_IN_USE",
  );

/** No more answers can be kept until older ones expire. */
export const answersFull = () =>
  new MoleculerRetryableError(
    "No more answers can be kept for an Idempotency-Key at the moment: send it later, or without the key.",
    503,
    "IDEMPOTENCY_KEYS_FULL",
  );

/** Nothing was written. `data.most` is in characters. */
export const answerTooLarge = (most: number) =>
  new MoleculerClientError(
    "The answer is too large to be kept for its Idempotency-Key, so nothing is stored: ask for less with Prefer: return=minimal.",
    413,
    "IDEMPOTENT_ANSWER_TOO_LARGE",
    { most },
  );
