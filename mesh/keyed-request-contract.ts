/** What of a keyed request (keyed-request.ts) goes from service to service. */

/** Something prepared for a keyed request at one owner. */
export interface KeyedPart {
  /** The transaction id that the owner knows it by. */
  tx: string;
  owner: string;
  /** It hears of the commit before the others: what moves arrives before it leaves. */
  isFirst?: boolean;
}
