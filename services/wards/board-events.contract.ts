/** How gateways hear that a board has changed: ids only, no patient data. */

/** Moleculer's event for all gateways, once or more for each durable event that changes what a board shows. */
export const BOARD_TOUCHED = "wards.board.touched";

/** A version of a resource that changes a board. */
export interface Touched {
  /** Of the durable event. */
  id: string;
  /** Type and id of the resource, and its version. */
  type: string;
  resource: string;
  version: number;
}

/** Versions in one question about where they are. */
export const MAX_TOUCHED = 500;

/** Where boards have changed. */
export interface BoardChanges {
  /** It may be anywhere: all boards are read again. */
  isAll: boolean;
  wards: { ward: string; beds: string[] }[];
}
