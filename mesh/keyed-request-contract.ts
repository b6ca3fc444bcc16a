/** The parts of a keyed request (keyed-request.ts) that services exchange. */

/** A write that was prepared for a keyed request at one owner. */
export interface KeyedPart {
  /** Its transaction id at the owner. */
  tx: string;
  owner: string;
  /** It is committed before the others: a moving resource arrives before it leaves. */
  isFirst?: boolean;
}
