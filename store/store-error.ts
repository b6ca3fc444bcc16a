/** The errors of a store: writes that it refuses, questions that it cannot answer, and its being unavailable. */

/** Reasons for an error of a store. */
export const StoreErrorType = {
  /** `ifVersion` does not hold. `data.version` is the current one (0: none living). */
  staleVersion: "STALE_VERSION",
  /** An update without `upsert` found no living resource. */
  notFound: "NOT_FOUND",
  /** A create found the id taken by a living resource, or by one that moved away. */
  idTaken: "ID_TAKEN",
  /** More than one resource matches `ifNoneExist`. */
  multipleMatches: "MULTIPLE_MATCHES",
  /** A prepared transaction holds a lock that the write needs; a later attempt may succeed. */
  locked: "LOCKED",
  counterBelow: "COUNTER_BELOW",
  /** The event of the write's `once` has been handled: its effect is stored. `data.id` is the event's. */
  alreadyHandled: "ALREADY_HANDLED",
  /** The payload of an event has more than MAX_EVENT_CHARACTERS. */
  eventTooLarge: "EVENT_TOO_LARGE",
  /** The transaction was aborted before this prepare arrived. */
  transactionEnded: "TRANSACTION_ENDED",
  /** The facts on which the write was decided have changed or are too old: the caller must read them again and decide anew. */
  factsOutdated: "FACTS_OUTDATED",
  /** The conditions of a write match too many resources: fewer steps or narrower conditions are needed. */
  tooCostly: "TOO_COSTLY",
  /** A resource is larger than this store takes: `data.limit` is the limit, in bytes, of its text with its search values. */
  tooLarge: "RESOURCE_TOO_LARGE",
  /** This store cannot answer the question: full text on a MongoDB server without text indexes. */
  notSupported: "NOT_SUPPORTED",
  /** The file cannot be written, or the database cannot be reached. */
  unavailable: "STORE_UNAVAILABLE",
  /** The disk, a quota or a file size limit leaves no room. Reads go on; writes are taken again as soon as there is room. */
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

/** Marks an error: nothing of the write that it ended is stored, nor will be. */
export const withNothingWritten = <Thrown>(error: Thrown): Thrown => {
  if (error instanceof StoreError) error.data["nothingWritten"] = true;
  return error;
};

/** Whether it is certain that nothing is stored of the write that this error ended. */
export const isNothingWritten = (error: unknown): boolean => error instanceof StoreError && error.data["nothingWritten"] === true;
