/**
 * Bounds of the list of transactions that were aborted before this store had prepared anything for them. Their prepare may still arrive from a
 * node that was suspended or cut off; if it were carried out, its locks would never be released.
 */
import { StoreError, StoreErrorType } from "./store-error.ts";

/** How long an aborted transaction is remembered, milliseconds: far longer than any call can be under way. */
export const ENDED_KEPT_MS = 3_600_000;
/** How many are remembered, the newest; about two megabytes. At a hundred refused transactions a second they cover the last minutes. */
export const MAX_ENDED = 16_384;

/** The error of a prepare that arrives after its transaction was aborted. */
export const transactionEnded = (): StoreError => new StoreError(StoreErrorType.transactionEnded, 0);
