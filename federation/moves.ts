/** Counters that show whether resources move between the owners of a type. */

/** An owner's counter of resources of the type that have moved to it. */
export const movesInto = (type: string): string => `moves/${type}`;
/** An owner's counter of resources of the type that have moved away from it. */
export const movesOutOf = (type: string): string => `moved-away/${type}`;
/** Whether a counter counts moves, in either direction. */
export const countsMoves = (counter: string): boolean => isMovesInto(counter) || counter.startsWith("moved-away/");
/** Whether a counter counts moves to its owner. */
export const isMovesInto = (counter: string): boolean => counter.startsWith("moves/");

/** Move counts returned with a page: of moves to the owner before it was read, and of moves away when it was read. */
export interface MovesSeen {
  came: number;
  gone: number;
}

/**
 * Whether the pages of several owners may lack resources that moved between them while they were read: gone from one already, not yet at the
 * other. A move arrives at the new owner first, so none is missing if at least as many came to the others as have gone from each.
 */
export function mayLackMoved(seen: (MovesSeen | undefined)[]): boolean {
  const all = seen.filter((one) => one !== undefined);
  if (all.length < 2) return false;
  const came = all.reduce((sum, one) => sum + one.came, 0);
  return all.some((one) => one.gone > came - one.came);
}
