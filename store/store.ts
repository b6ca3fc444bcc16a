/**
 * The store of one service: FHIR resources with their versions, search values, unique keys and counters.
 * SQLite (`sqlite/store.ts`) and MongoDB (`mongo/store.ts`) keep the same promises; `store.test.ts` runs on both.
 */
import type { Clause, IndexRows, KeyRow, Page, StoreQuery } from "../fhir/search/query.ts";

/** A resource as the store holds it. */
export interface StoredResource {
  type: string;
  id: string;
  /** 1, 2, 3, …; FHIR's meta.versionId. A deletion takes a version too. */
  version: number;
  /** Milliseconds since 1970; FHIR's meta.lastUpdated. */
  updated: number;
  /** What made this version. */
  method: "create" | "update" | "delete";
  /** FHIR JSON text with id and meta as it goes out; absent when deleted. */
  json?: string;
}

/**
 * FHIR JSON text in two pieces, so that the store can set version and time without parsing. It writes
 * `{"resourceType":"T","id":"I","meta":{"versionId":"V","lastUpdated":"…Z"` + meta + `}` + rest
 */
export interface Body {
  /** The other members of meta, each with its leading comma: `,"profile":["…"]`; '' without. */
  meta: string;
  /** The other members of the resource with leading comma, and the closing brace: `,"name":[…]}`; `}` without. */
  rest: string;
}

/**
 * A key that no two living resources of a service may hold at once, e.g. `bed:Location/7`. A write that would make a
 * second holder fails with `error` (a 409 by its domain name). Keys follow the resource: an update replaces them.
 */
export interface UniqueKey {
  key: string;
  /** Type of the error a second holder gets, e.g. "BED_OCCUPIED". */
  error: string;
}

/** One step of an atomic write. */
export type Write =
  | {
      op: "create";
      type: string;
      id: string;
      body: Body;
      index: IndexRows;
      unique?: UniqueKey[];
      /** The type has no rule of uniqueness: no resource of it ever held a key, and nobody need look. */
      isKeyless?: boolean;
      ifNoneExist?: NoneExist;
      /** What follows was decided on `ifNoneExist` finding nothing: FACTS_OUTDATED when it does. */
      isDecided?: boolean;
    }
  /**
   * @param ifVersion refuse (STALE_VERSION) unless the living current version is one of these; 0: there is none
   * @param upsert create (version 1, or next after a deletion) when there is no living resource; else NOT_FOUND
   * @param since version the resource brings along when it moves here from another owner: the first version written
   *        here is at least `since` (a move keeps id and version count)
   */
  | {
      op: "update";
      type: string;
      id: string;
      body: Body;
      index: IndexRows;
      unique?: UniqueKey[];
      /** The type has no rule of uniqueness: no resource of it ever held a key, and nobody need look. */
      isKeyless?: boolean;
      ifVersion?: number[];
      upsert: boolean;
      since?: number;
    }
  /**
   * Deleting what is not there, or already deleted, changes nothing (result `version` 0, or the deletion's). Prepared, it keeps
   * others from making it.
   * @param ifVersion as for an update
   * @param moved the resource now lives with another owner: it vanishes here without a version of its own; its history stays
   */
  | { op: "delete"; type: string; id: string; ifVersion?: number[]; moved?: boolean }
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
  /** An event that is written with the rest, into the outbox. EVENT_TOO_LARGE over MAX_EVENT_CHARACTERS. */
  | { op: "emit"; event: OutboxEvent; queue: OutboxQueue }
  /** The write is the effect of an event, whose id is remembered until `until` (milliseconds): refused with ALREADY_HANDLED when it is known. */
  | { op: "once"; id: string; until: number };

/** Characters that the payload of one event may have: it names what happened, the resources are read where they are kept. */
export const MAX_EVENT_CHARACTERS = 64_000;

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

/** Which relay an event waits for: `out`, that to other services; `own`, that to the service itself. */
export type OutboxQueue = "out" | "own";

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

/** A resource in one version. */
export interface Place {
  type: string;
  id: string;
  version: number;
}

/** Who keeps others from relying on resources, and until when. */
export interface Fencing {
  /** A UUID: nobody else's. */
  token: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** A resource that a write was decided on, in the version that was seen. */
export interface Relied extends Place {
  /** It is in this store. */
  isOwn: boolean;
}

/** What a write was decided on besides its steps. */
export interface Reliance {
  on: Relied[];
  /** performance.now() after which what was seen counts no more. */
  until: number;
}

/** A transaction that this store has prepared and that is neither committed nor aborted yet. */
export interface Prepared {
  tx: string;
  /** Milliseconds since 1970. */
  since: number;
}

/** Which versions of a history. */
export interface HistoryQuery {
  /** Absent: all types (system history). */
  type?: string;
  /** With type: one resource. */
  id?: string;
  /** Only versions written at or after this, milliseconds. */
  since?: number;
  /** Only versions written at or before this, milliseconds. */
  until?: number;
  /** Only versions older than this place (newest first: updated, then type, id, version descending). */
  before?: { updated: number; type: string; id: string; version: number };
  limit: number;
  /** Bytes of JSON a page may hold (but at least one version); default 4,000,000. */
  maxBytes?: number;
}

/** What matches are known to others by: their own ids, or what they refer to. Deleted resources never match. */
export interface JoinKeysQuery {
  type: string;
  clauses: Clause[];
  /** Slots whose `=` key rows are wanted, without the facet; absent: the ids of the matches. */
  slots?: number[];
}

/** One page of join keys. */
export interface JoinKeysPage {
  /** Each once, in no order; another page may have it again. */
  values: string[];
  /** Place behind which there is more; absent: that was all. */
  next?: number;
}

/** One entry of the durable map. */
export interface MapEntry {
  key: string;
  value: string;
  /** Milliseconds since 1970: may be forgotten after it. */
  expiresAt?: number;
}

/**
 * A service's database: FHIR resources with their versions, counters, prepared transactions, a small durable map. Errors are StoreErrors.
 */
export interface Store {
  /** The current version, also of a deleted resource (without `json`); undefined when there never was one or it moved away. */
  read(type: string, id: string): Promise<StoredResource | undefined>;
  /** Also a version that is a deletion (without `json`), also of a resource that moved away. */
  readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined>;
  /** Newest first. */
  history(query: HistoryQuery): Promise<{ versions: StoredResource[]; more: boolean }>;

  search(query: StoreQuery): Promise<Page>;
  /** How many living resources match. */
  count(type: string, clauses: Clause[]): Promise<number>;
  /** The first `limit` distinct `=` values of living resources in these slots (ascending), in order of slot and value. */
  distinct(slots: number[], limit: number): Promise<KeyRow[]>;
  /**
   * One end of a chain, page by page.
   * @param query.limit resources that a page is made from at most
   * @param query.after `next` of the page before
   * @param query.whole lists nothing when there are more matches than `limit`, or too many to look through: a quick no
   */
  joinKeys(query: JoinKeysQuery & { limit: number; after?: number; whole?: boolean }): Promise<JoinKeysPage>;
  /** Which of these values some match is known by. Costs little for each value that is, more for each that is not. */
  joinKeysAmong(query: JoinKeysQuery & { among: string[] }): Promise<string[]>;

  /**
   * All steps or none, durable when it returns. Takes the steps in the given order.
   * @param key names the write, so that it may be tried again: what was carried out gives the results it had
   * @param reliance refuse (FACTS_OUTDATED) unless this still holds
   * @throws StoreError; `step` tells which one failed
   */
  write(steps: Write[], key?: WriteKey, reliance?: Reliance): Promise<WriteResult[]>;

  /**
   * Checks and stores the steps durably but invisible, under `tx`. Their resources, unique keys, counters and
   * ifNoneExist locks are held until commit or abort: another writer waits up to `waitMs`, then gets LOCKED.
   * Readers see the last committed state. The results are what commit will make true (`updated` is 0: set by commit).
   * An `existed` outcome holds nothing. Preparing under a `tx` that is prepared already is a bug and throws.
   */
  prepare(tx: string, steps: Write[], reliance?: Reliance): Promise<WriteResult[]>;
  /**
   * Makes the steps visible with `at` as meta.lastUpdated. Idempotent; unknown tx: nothing.
   * @returns the types of what it has changed
   */
  commit(tx: string, at: number): Promise<string[]>;
  /** Drops the steps. Idempotent. */
  abort(tx: string): Promise<void>;
  prepared(): Promise<Prepared[]>;

  /** Events that wait for their relay, oldest first, those of a record in their order; without those of the records in `except`. */
  outbox(queue: OutboxQueue, limit: number, except?: string[]): Promise<WaitingEvent[]>;
  /** Forgets events that have been relayed, by their places. */
  relayed(places: string[]): Promise<void>;
  outboxState(): Promise<OutboxState>;
  /** Whether a write with this `once` has been carried out, and is remembered. */
  isHandled(id: string): Promise<boolean>;
  /**
   * From now on no write is stored that relies on one of these in this version, or an older one (FACTS_OUTDATED). Waits, up to `waitMs`, for
   * prepared transactions that may refer to them.
   * @param options.tx a prepared transaction that is not waited for
   * @param options.isAlone no other process writes to the store: its fences need not be written down
   */
  fence(places: Place[], fencing: Fencing, options?: { tx?: string; isAlone?: boolean }): Promise<void>;
  /** Takes the fences of one fencing away: what they were for has not come about. Those of others stay. */
  unfence(places: Place[], token: string): Promise<void>;

  /** A counter's value; 0 when never written. */
  counter(name: string): Promise<number>;
  /** Counters whose name starts so, in order of name. */
  counters(prefix: string, limit: number): Promise<{ name: string; value: number }[]>;

  /**
   * A small durable map for what is no FHIR resource (the transaction journal).
   * `put` stores only if the key is new and returns what is stored now: a compare-and-set in one step.
   * `expiresAt` (milliseconds): may be forgotten after it.
   */
  put(key: string, value: string, expiresAt?: number): Promise<string>;
  /** Stores all of these if none of their keys is there, in one step. What is stored under each now; undefined: nothing, for another one was there. */
  putAll(entries: MapEntry[]): Promise<(string | undefined)[]>;
  get(key: string): Promise<string | undefined>;
  /** True when the name is `holder`'s for the next `forMs` milliseconds: nobody else's, or renewed. It ends by itself. */
  lease(name: string, holder: string, forMs: number): Promise<boolean>;
  remove(key: string): Promise<void>;
  /** Keys that start so, in order, with their values. */
  entries(prefix: string, limit: number): Promise<{ key: string; value: string }[]>;
  /** How many keys start so, and the bytes of their values; what has expired may still be counted. Others are served meanwhile. */
  usage(prefix: string): Promise<{ count: number; bytes: number }>;

  /**
   * A mark of the store's content: another one after every change, whoever made it. undefined where it cannot be had for
   * almost nothing. Answers computed from the store alone may be given again under the same mark (`store-cache.ts`).
   */
  changes(): string | undefined;

  /** Writes that wait for the store at this moment. */
  waiting(): number;

  /** Living resources by type, and bytes on disk. */
  stats(): Promise<{ documents: Record<string, number>; bytes: number }>;

  close(): Promise<void>;
}

/** Why a write was refused. */
export const StoreErrorType = {
  /** `ifVersion` does not hold. `data.version` is the current one (0: none living). */
  staleVersion: "STALE_VERSION",
  /** An update without `upsert` found nothing living. */
  notFound: "NOT_FOUND",
  /** A create found the id taken by a living resource, or by one that moved away. */
  idTaken: "ID_TAKEN",
  /** ifNoneExist matched more than one. */
  multipleMatches: "MULTIPLE_MATCHES",
  /** Another transaction holds it; try again. */
  locked: "LOCKED",
  counterBelow: "COUNTER_BELOW",
  /** The write's `once` is known: its effect is there. `data.id` is the event's. */
  alreadyHandled: "ALREADY_HANDLED",
  /** The payload of an event has more than MAX_EVENT_CHARACTERS. */
  eventTooLarge: "EVENT_TOO_LARGE",
  /** What the write was decided on is no longer so, or too long ago: decide again. */
  factsOutdated: "FACTS_OUTDATED",
  /** The conditions of a write find too much: its steps must be fewer, or the conditions narrower. */
  tooCostly: "TOO_COSTLY",
  /** A resource is larger than this store takes; `data.limit` bytes, with its search values. */
  tooLarge: "RESOURCE_TOO_LARGE",
  /** This store cannot answer it: full text on a MongoDB server without text indexes. */
  notSupported: "NOT_SUPPORTED",
  /** Disk full, file not writable, database gone. */
  unavailable: "STORE_UNAVAILABLE",
} as const;

/** A refused write: `type` is a StoreErrorType, or the `error` of the UniqueKey that another resource holds. */
export class StoreError extends Error {
  readonly type: string;
  /** Index of the refused step. */
  readonly step: number;
  readonly data: Record<string, unknown>;
  constructor(type: string, step: number, data: Record<string, unknown> = {}) {
    super(`${type} (step ${step})`);
    this.name = "StoreError";
    this.type = type;
    this.step = step;
    this.data = data;
  }
}

/** How any store is opened. */
export interface StoreOptions {
  /** The service's name: the file's name under DATA_DIR, or the database's name in MongoDB. */
  name: string;
  /** Changes when the slots' meaning changes: the store then rebuilds its rows with `reindex` before it opens. */
  indexVersion: string;
  /** Index rows of a stored resource's JSON text. */
  reindex(json: string): IndexRows;
  /** How long a writer waits for a prepared transaction, milliseconds; default 2,000. */
  waitMs?: number;
  /** What FTS sees of a resource: [content, narrative]; absent: no full-text search. */
  text?(json: string): [content: string, narrative: string];
  /** Whether each version of a resource of this type is an event, `fhir.TYPE`; absent: none is. Asked at each change. */
  emits?(type: string): boolean;
  /** Called after each write that has put events into the outbox. */
  onEvents?(): void;
}

/** STORE_UNAVAILABLE with a sentence for the operator in `data.reason`. */
export function unavailable(reason: string, cause?: unknown): StoreError {
  const error = new StoreError(StoreErrorType.unavailable, 0, { reason });
  error.message = reason;
  if (cause !== undefined) error.cause = cause;
  return error;
}
