/** Kinds of work, and the sources of their amounts. */

/** Kinds of work, by the keys of their texts. */
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
  | "work.duplicates"
  | "work.charges"
  | "work.unpaid"
  | "work.servicesDown";

/** The amount of one kind of work. */
export interface Counted {
  /** Absent: unknown. */
  n?: number;
  /** Further text, in the current language: how many of them are late. */
  says?: () => string;
  isUrgent?: boolean;
  /** Where it is done: page, argument, part. */
  place: readonly [page: string, argument?: string, part?: string];
}

/** A source that reports amounts. */
export interface Source {
  name: string;
  roles: readonly string[];
  /** Types whose new versions may change the amounts. */
  types: readonly string[];
  /** Interval of reading, milliseconds; absent: that of sources with notifications. */
  everyMs?: number;
  /** It concerns the own ward. */
  isOfWard?: boolean;
  works: readonly WorkKey[];
  read: () => Promise<Partial<Record<WorkKey, Counted>>>;
}
