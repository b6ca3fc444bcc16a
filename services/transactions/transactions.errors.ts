import { Errors } from "moleculer";

const { MoleculerClientError, MoleculerRetryableError } = Errors;

/** The bundle cannot be understood. `issues` are OperationOutcome issues. */
export const bundleInvalid = (status: number, issues: object[]) =>
  new MoleculerClientError("The bundle cannot be processed.", status, "BUNDLE_INVALID", { issues });

/** Whether the transaction was decided is not known: the journal did not answer. Its owners will learn it. */
export const transactionUnclear = () =>
  new MoleculerRetryableError(
    "The journal did not confirm the transaction: it may be stored or not. Read before you send it again.",
    503,
    "TRANSACTION_UNCLEAR",
  );

/** The transaction was cut short before it was decided: nothing is stored, and the same request may succeed. */
export const transactionAborted = (why: string) =>
  new MoleculerRetryableError(`The transaction was aborted and nothing is stored: ${why}`, 503, "TRANSACTION_ABORTED");
