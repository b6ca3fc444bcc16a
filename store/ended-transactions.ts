/**
 * What a store remembers of transactions that were aborted before it had prepared anything for them. Their prepare may still be on its way, in a
 * node that stood still or was cut off; carried out later it would hold what nobody commits or aborts any more.
 */
import { StoreError, StoreErrorType } from "./store-error.ts";

/** How long it is remembered, milliseconds: far longer than any call is on its way. */
export const ENDED_KEPT_MS = 3_600_000;
/** So many are remembered, the newest: two megabytes. A hundred refused transactions a second are those of the last minutes. */
export const MAX_ENDED = 16_384;

/** The refusal of a prepare that comes after its transaction was aborted. */
export const transactionEnded = (): StoreError => new StoreError(StoreErrorType.transactionEnded, 0);
