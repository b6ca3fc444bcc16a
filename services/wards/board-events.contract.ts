/** How gateways learn that a board has changed: ids only, no patient data. */

/** Moleculer's event for all gateways, at least once for each durable event that changes what a board shows. */
export const BOARD_TOUCHED = "wards.board.touched";

/** A version of a resource that changes a board. */
export interface Touched {
  /** Id of the durable event. */
  id: string;
  /** Type and id of the resource, and its version. */
  type: string;
  resource: string;
  version: number;
}

/** Versions in one call of `locate`. */
export const MAX_TOUCHED = 500;

/** The boards that have changed. */
export interface BoardChanges {
  /** The place is unknown: all boards are read again. */
  isAll: boolean;
  wards: { ward: string; beds: string[] }[];
}
