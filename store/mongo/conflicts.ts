/** What a write may meet, so that it is tried again. */

/** A prepared transaction holds what the write needs. */
export class Blocked extends Error {}
/** What was read is no longer so: the whole write is tried again. */
export class Outdated extends Error {}
