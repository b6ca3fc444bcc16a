/** How much one answer may hold. */

/** Matches on a page when the client names no _count. */
export const DEFAULT_COUNT = 20;
/** A larger _count is taken as this; the self link says so. */
export const MAX_COUNT = 1_000;
/** Bytes of JSON of matches on one page, over all owners; the page ends before, and its next link goes on. */
export const MAX_PAGE_BYTES = 4_000_000;
/** The same of a page of a history, whose versions are many and alike: each megabyte is a turn of the owner and of the gateway. */
export const MAX_HISTORY_BYTES = 1_000_000;
/** Resources that come along by _include and _revinclude with one page; more are refused as too costly. */
export const MAX_INCLUDED = 5_000;
