/** What a store is asked to write, and what became of it: steps of one atomic write, and the events that go with them. */
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
}

/** A version of a resource that a step stores. */
interface StoredContent {
  type: string;
  id: string;
  body: FramedResource;
  index: IndexRows;
  unique?: UniqueKey[];
  /** The type has no rule of uniqueness: no resource of it ever held a key, and nobody need look. */
  isKeyless?: boolean;
  author?: string;
}

/** One step of an atomic write. `author` of a resource's version: who has made it, a text that is kept beside the version and not in it. */
export type Write =
  /** @param isDecided what follows was decided on `ifNoneExist` finding nothing: FACTS_OUTDATED when it does */
  | (StoredContent & { op: "create"; ifNoneExist?: NoneExist; isDecided?: boolean })
  /**
   * @param ifVersion refuse (STALE_VERSION) unless the living current version is one of these; 0: there is none
   * @param upsert create (version 1, or next after a deletion) when there is no living resource; else NOT_FOUND
   * @param since version the resource brings along when it moves here from another owner: the first version written
   *        here is at least `since` (a move keeps id and version count)
   */
  | (StoredContent & { op: "update"; ifVersion?: number[]; upsert: boolean; since?: number })
  /**
   * Deleting what is not there, or already deleted, changes nothing (result `version` 0, or the deletion's). Prepared, it keeps
   * others from making it.
   * @param ifVersion as for an update
   * @param moved the resource now lives with another owner: it vanishes here without a version of its own; its history stays
   */
  | { op: "delete"; type: string; id: string; ifVersion?: number[]; moved?: boolean; author?: string }
  /**
   * For conditional writes of a type that several stores share: does something here answer the condition (result `existed`),
   * or nothing (`none`)? Prepared, it holds the condition's lock if that is as expected, else nothing.
   * @param isDecided refuse (FACTS_OUTDATED) unless it is as expected
   */
  | { op: "hold"; type: string; condition: NoneExist; isThere: boolean; isDecided?: boolean }
  /**
   * Adds `by` to a counter (absent = 0), which has six decimals; COUNTER_BELOW when the result would be under `min`.
   * @param ifValue refuse (FACTS_OUTDATED) unless this is its value before
   * @param above refuse (FACTS_OUTDATED) unless the result is more than this
   */
  | { op: "add"; counter: string; by: number; min?: number; ifValue?: number; above?: number }
  /**
   * An event that is written with the rest, into the outbox. EVENT_TOO_LARGE over MAX_EVENT_CHARACTERS.
   */
  | { op: "emit"; event: OutboxEvent; queue: OutboxQueue }
  /** The write is the effect of an event, whose id is remembered until `until` (milliseconds): refused with ALREADY_HANDLED when it is known. */
  | { op: "once"; id: string; until: number };

/** Characters that the payload of one event may have: it names what happened, the resources are read where they are kept. */
export const MAX_EVENT_CHARACTERS = 64_000;

/** A version of a resource, as its owner tells of it: enough to read it. */
export interface ResourceVersion {
  type: string;
  id: string;
  version: number;
  method: "create" | "update" | "delete";
  /** Patients that it refers to, or did until this version: "Patient/…". Absent: none, or more than 20. */
  patients?: string[];
}

/** What has happened, for others to act on. */
export interface OutboxEvent {
  /** No other event has it: `Type/id/version` of a resource's version. */
  id: string;
  /** What kind of event it is: `fhir.Encounter`. */
  subject: string;
  /** The record that it is about: the events of one record keep their order. */
  key: string;
  /** JSON text. */
  payload: string;
}

/** Which relay an event waits for: `out`, that to other services; `own`, that to the service itself; `audit`, that to the ledger, which has time. */
export type OutboxQueue = "out" | "own" | "audit";

/** An event that has not been relayed yet. */
export interface WaitingEvent extends OutboxEvent {
  /** Names it in the outbox. */
  place: string;
  /** When it was written, milliseconds since 1970. */
  at: number;
}

/** How much waits in an outbox. */
export interface OutboxState {
  waiting: number;
  /** When the oldest was written, milliseconds since 1970; absent when none waits. */
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

/** What became of one step of a write. */
export interface WriteResult {
  type?: string;
  id?: string;
  version: number;
  /** Milliseconds since 1970. While only prepared: when the version that is replaced was written, 0 without one; it will not be before that. */
  updated: number;
  /** created | updated | deleted: done. existed: ifNoneExist found one (its id and version are given). none: nothing to do. added: a counter. */
  outcome: "created" | "updated" | "deleted" | "existed" | "none" | "added";
  /** The counter's new value. */
  value?: number;
  /** FHIR JSON as stored; only for create, update and existed. */
  json?: string;
}

/** Names one write, however often it is tried. */
export interface WriteKey {
  /** At most 64 characters. */
  id: string;
  /** It may have been tried before: older versions are looked through as well. */
  isRepeated: boolean;
}
