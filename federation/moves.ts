/** Counters that tell whether resources move between the owners of a type. */

/** The counter of an owner that tells how many resources of the type have moved to it. */
export const movesInto = (type: string): string => `moves/${type}`;
/** The counter of an owner that tells how many resources of the type have moved away from it. */
export const movesOutOf = (type: string): string => `moved-away/${type}`;
/** Whether a counter counts moves, this way or that. */
export const countsMoves = (counter: string): boolean => isMovesInto(counter) || counter.startsWith("moved-away/");
/** Whether a counter counts moves to its owner. */
export const isMovesInto = (counter: string): boolean => counter.startsWith("moves/");

/** What an owner says of moves beside a page: what has come before it was read, and what had gone when it was read. */
export interface MovesSeen {
  came: number;
  gone: number;
}

/**
 * Whether several owners' pages may lack what moved between them while they were read: one had let it go already, the other had not got it
 * yet. A move is at its new owner first, so none is lacking where what has come to the others is at least what has gone from each.
 */
export function mayLackMoved(seen: (MovesSeen | undefined)[]): boolean {
  const all = seen.filter((one) => one !== undefined);
  if (all.length < 2) return false;
  const came = all.reduce((sum, one) => sum + one.came, 0);
  return all.some((one) => one.gone > came - one.came);
}
