/** What a store refuses, and that it cannot be reached. */

/** Why a write was refused. */
export const StoreErrorType = {
  /** `ifVersion` does not hold. `data.version` is the current one (0: none living). */
  staleVersion: "STALE_VERSION",
  /** An update without `upsert` found nothing living. */
  notFound: "NOT_FOUND",
  /** A create found the id taken by a living resource, or by one that moved away. */
  idTaken: "ID_TAKEN",
  /** ifNoneExist matched more than one. */
  multipleMatches: "MULTIPLE_MATCHES",
  /** Another transaction holds it; try again. */
  locked: "LOCKED",
  counterBelow: "COUNTER_BELOW",
  /** The write's `once` is known: its effect is there. `data.id` is the event's. */
  alreadyHandled: "ALREADY_HANDLED",
  /** The payload of an event has more than MAX_EVENT_CHARACTERS. */
  eventTooLarge: "EVENT_TOO_LARGE",
  /** The transaction was aborted before it was prepared here. */
  transactionEnded: "TRANSACTION_ENDED",
  /** What the write was decided on is no longer so, or too long ago: decide again. */
  factsOutdated: "FACTS_OUTDATED",
  /** The conditions of a write find too much: its steps must be fewer, or the conditions narrower. */
  tooCostly: "TOO_COSTLY",
  /** A resource is larger than this store takes; `data.limit` bytes, with its search values. */
  tooLarge: "RESOURCE_TOO_LARGE",
  /** This store cannot answer it: full text on a MongoDB server without text indexes. */
  notSupported: "NOT_SUPPORTED",
  /** File not writable, database gone. */
  unavailable: "STORE_UNAVAILABLE",
  /** The disk, a quota or the limit of a file's size leaves no room: what is there is read, and it heals when there is room. */
  full: "STORE_FULL",
} as const;

/** A refused write: `type` is a StoreErrorType, or the `error` of the UniqueKey that another resource holds. */
export class StoreError extends Error {
  readonly type: string;
  /** Index of the refused step. */
  readonly step: number;
  readonly data: Record<string, unknown>;
  constructor(type: string, step: number, data: Record<string, unknown> = {}) {
    super(`${type} (step ${step})`);
    this.name = "StoreError";
    this.type = type;
    this.step = step;
    this.data = data;
  }
}

/** STORE_FULL with a sentence for the operator in `data.reason`. */
export const storeFull = (reason: string, cause?: unknown): StoreError => withReason(StoreErrorType.full, reason, cause);

/** STORE_UNAVAILABLE with a sentence for the operator in `data.reason`. */
export const unavailable = (reason: string, cause?: unknown): StoreError => withReason(StoreErrorType.unavailable, reason, cause);

function withReason(type: string, reason: string, cause: unknown): StoreError {
  const error = new StoreError(type, 0, { reason });
  error.message = reason;
  if (cause !== undefined) error.cause = cause;
  return error;
}

/** Says of an error that nothing of the write that it ended is stored, nor will be. */
export const withNothingWritten = <Thrown>(error: Thrown): Thrown => {
  if (error instanceof StoreError) error.data["nothingWritten"] = true;
  return error;
};

/** Whether it is certain that nothing is stored of the write that this error ended. */
export const isNothingWritten = (error: unknown): boolean => error instanceof StoreError && error.data["nothingWritten"] === true;
