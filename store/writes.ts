/** The steps of one atomic write, the events that are stored with it, and its results. */
import type { FramedResource } from "../fhir/frame.ts";
import type { Clause, IndexRows } from "../fhir/search/query.ts";

/**
 * A key that no two living resources of a service may hold at once, e.g. `bed:Location/7`. A write that would make a
 * second holder fails with `error` (a 409 by its domain name). Keys follow the resource: an update replaces them.
 */
export interface UniqueKey {
  key: string;
  /** Type of the error a second holder gets, e.g. "BED_OCCUPIED". */
  error: string;
  /** For that error: what is taken, and what to do; one sentence. */
  says?: string;
  /** FHIRPath of the element from which the key follows, for that error. */
  at?: string;
}

/** A version of a resource that a step stores. */
interface StoredContent {
  type: string;
  id: string;
  body: FramedResource;
  index: IndexRows;
  unique?: UniqueKey[];
  /** The type has no unique keys: no resource of it ever held one, so that none need be looked for. */
  isKeyless?: boolean;
  author?: string;
}

/** One step of an atomic write. `author`: who made the version, a text that is stored beside it. */
export type Write =
  /** @param isDecided the steps after it were decided on `ifNoneExist` matching nothing: FACTS_OUTDATED if it matches */
  | (StoredContent & { op: "create"; ifNoneExist?: NoneExist; isDecided?: boolean })
  /**
   * @param ifVersion refuse (STALE_VERSION) unless the living current version is one of these; 0: there is none
   * @param upsert create (version 1, or the next one after a deletion) when there is no living resource; otherwise NOT_FOUND
   * @param since version number of a resource that moves here from another owner, with its id: the first version written
   *        here is at least `since`
   */
  | (StoredContent & { op: "update"; ifVersion?: number[]; upsert: boolean; since?: number })
  /**
   * Deleting what is not there, or already deleted, changes nothing (result `version` 0, or the deletion's). While prepared, it keeps
   * others from creating it.
   * @param ifVersion as for an update
   * @param moved the resource lives with another owner from now on: it disappears here without a new version; its history stays
   */
  | { op: "delete"; type: string; id: string; ifVersion?: number[]; moved?: boolean; author?: string }
  /**
   * For conditional writes of a type that several stores share: whether a resource of this store matches the condition (result `existed`)
   * or none does (`none`). While prepared, it holds the condition's lock if that is as expected, otherwise nothing.
   * @param isDecided refuse (FACTS_OUTDATED) unless it is as expected
   */
  | { op: "hold"; type: string; condition: NoneExist; isThere: boolean; isDecided?: boolean }
  /**
   * Adds `by` to a counter (absent: 0), which has six decimals. COUNTER_BELOW when the result would be below `min`.
   * @param ifValue refuse (FACTS_OUTDATED) unless the counter has this value before
   * @param above refuse (FACTS_OUTDATED) unless the result is greater than this
   */
  | { op: "add"; counter: string; by: number; min?: number; ifValue?: number; above?: number }
  /**
   * An event that is stored in the outbox with the rest of the write. EVENT_TOO_LARGE over MAX_EVENT_CHARACTERS.
   */
  | { op: "emit"; event: OutboxEvent; queue: OutboxQueue }
  /** The write is the effect of an event, whose id is remembered until `until` (milliseconds since 1970): ALREADY_HANDLED if it is known. */
  | { op: "once"; id: string; until: number };

/** Characters of an event's payload: it says what happened; resources are read from their owner. */
export const MAX_EVENT_CHARACTERS = 64_000;

/** A version of a resource as its owner announces it: enough to read it. */
export interface ResourceVersion {
  type: string;
  id: string;
  version: number;
  method: "create" | "update" | "delete";
  /** Patients that this version or the one before refers to: "Patient/…". Absent: none, or more than 20. */
  patients?: string[];
}

/** Something that happened, for other services to act on. */
export interface OutboxEvent {
  /** Unique: `Type/id/version` for a version of a resource. */
  id: string;
  /** Kind of the event: `fhir.Encounter`. */
  subject: string;
  /** The record that the event is about: events of one record stay in order. */
  key: string;
  /** JSON text. */
  payload: string;
}

/**
 * The relay that an event waits for. `out`: to other services; `own`: to the service itself; `audit`: to the ledger, which may be late;
 * `late`: of another service, which this one could not handle yet.
 */
export type OutboxQueue = "out" | "own" | "audit" | "late";

/** An event that has not been relayed yet. */
export interface WaitingEvent extends OutboxEvent {
  /** Its identifier in the outbox. */
  place: string;
  /** Time of the write, milliseconds since 1970. */
  at: number;
}

/** How many events an outbox holds. */
export interface OutboxState {
  waiting: number;
  /** Time of the oldest, milliseconds since 1970; absent if there is none. */
  oldest?: number;
}

/**
 * The condition of a conditional create, checked in the same atomic step as the write: two writes with the same
 * `lock` never both find nothing.
 */
export interface NoneExist {
  /** Normalised criteria, e.g. `Patient?identifier=sys|1`. */
  lock: string;
  clauses: Clause[];
}

/** The result of one step of a write. */
export interface WriteResult {
  type?: string;
  id?: string;
  version: number;
  /** Milliseconds since 1970. While prepared: the time of the version that is replaced, 0 without one; the commit's time is not earlier. */
  updated: number;
  /** existed: ifNoneExist matched one (its id and version are given). none: nothing to do. added: a counter. */
  outcome: "created" | "updated" | "deleted" | "existed" | "none" | "added";
  /** The counter's new value. */
  value?: number;
  /** FHIR JSON as stored; only for create, update and existed. */
  json?: string;
}

/** Identifies one write across all attempts. */
export interface WriteKey {
  /** At most 64 characters. */
  id: string;
  /** There may have been an earlier attempt: older versions are searched as well. */
  isRepeated: boolean;
}
