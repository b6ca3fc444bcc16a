/** Counters by which it is told that resources move between the owners of a type. */

/** The counter of an owner that tells how many resources of the type have moved to it. */
export const movesInto = (type: string): string => `moves/${type}`;
/** Whether a counter counts moves. */
export const isMovesInto = (counter: string): boolean => counter.startsWith("moves/");
