/** Limits of the size of one answer. */

/** Matches on a page if the client gives no _count. */
export const DEFAULT_COUNT = 20;
/** A larger _count is reduced to this; the self link shows it. */
export const MAX_COUNT = 1_000;
/** Bytes of JSON of matches on one page, over all owners; a page ends before that, and its next link continues. */
export const MAX_PAGE_BYTES = 4_000_000;
/** The same for a page of a history, whose versions are many and similar: each megabyte is a turn of the owner and of the gateway. */
export const MAX_HISTORY_BYTES = 1_000_000;
/** Resources included with one page by _include and _revinclude; more are refused as too costly. */
export const MAX_INCLUDED = 5_000;
/** From this size on, an answer takes a turn like that of a large search. Bytes. */
export const LARGE_ANSWER = 256 * 1024;
