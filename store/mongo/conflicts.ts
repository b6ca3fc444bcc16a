/** The reasons for which a write is tried again. */

/** A prepared transaction holds a lock that the write needs. */
export class Blocked extends Error {}
/** Data that the write has read have changed since. */
export class Outdated extends Error {}
