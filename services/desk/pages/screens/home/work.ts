/** One kind of work that waits, and who tells how much of it. */

/** Kinds of work, as the texts name them. */
export type WorkKey =
  | "work.requests"
  | "work.coming"
  | "work.results"
  | "work.cleaning"
  | "work.doses"
  | "work.mine"
  | "work.myResults"
  | "work.notes"
  | "work.collect"
  | "work.enter"
  | "work.release"
  | "work.critical"
  | "work.prepare"
  | "work.expiring"
  | "work.usedUp"
  | "work.toOrder"
  | "work.queue"
  | "work.appointments"
  | "work.doubles"
  | "work.charges"
  | "work.unpaid"
  | "work.servicesDown";

/** How much of one kind waits. */
export interface Counted {
  /** Absent: not known. */
  n?: number;
  /** What else is to be said of it, in the language of the moment: how many of them are late. */
  says?: () => string;
  isUrgent?: boolean;
  /** Where it is done: page, argument, part. */
  place: readonly [page: string, argument?: string, part?: string];
}

/** Somebody who is asked, and what they tell of. */
export interface Source {
  name: string;
  roles: readonly string[];
  /** Types of resources of which another version may change the counts. */
  types: readonly string[];
  /** Asked for again after so long, milliseconds. */
  everyMs: number;
  /** It tells of the own ward. */
  isOfWard?: boolean;
  works: readonly WorkKey[];
  read: () => Promise<Partial<Record<WorkKey, Counted>>>;
}

/** What hears of changes is asked again so often all the same, milliseconds: time alone makes a dose due. */
export const EVERY_MS = 30_000;
