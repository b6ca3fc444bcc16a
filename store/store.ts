/**
 * The store of one service: FHIR resources with their versions, search values, unique keys and counters.
 * SQLite (`sqlite/`) and MongoDB (`mongo/`) keep the same promises; `store.test.ts` runs on both.
 */
import type { Clause, IndexRows, KeyRow, Page, StoreQuery } from "../fhir/search/query.ts";
import type { Budget } from "./too-costly.ts";
import type { OutboxQueue, OutboxState, ResourceVersion, WaitingEvent, Write, WriteKey, WriteResult } from "./writes.ts";

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
  /** Who has made this version, as its write has said; only of what `readVersion` and `history` answer. */
  author?: string;
}

/** A resource in one version. */
export interface VersionReference {
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
export interface Relied extends VersionReference {
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
  /** Those of at most 1,000 places at once, in their order. */
  readAll(places: [type: string, id: string][]): Promise<(StoredResource | undefined)[]>;
  /** Also a version that is a deletion (without `json`), also of a resource that moved away. */
  readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined>;
  /** Newest first. */
  history(query: HistoryQuery): Promise<{ versions: StoredResource[]; more: boolean }>;

  /**
   * @param budget what this and other questions may take together: its time is taken from there
   * @param counters two counters, the first read no later than the page, the second no earlier: they come with it as `counted`
   */
  search(query: StoreQuery, budget?: Budget, counters?: [string, string]): Promise<Page & { counted?: [number, number] }>;
  /** How many living resources match. @param budget as of `search` */
  count(type: string, clauses: Clause[], budget?: Budget): Promise<number>;
  /** The first `limit` distinct `=` values of living resources in these slots (ascending), in order of slot and value. */
  distinct(slots: number[], limit: number): Promise<KeyRow[]>;
  /**
   * One end of a chain, page by page.
   * @param query.limit resources that a page is made from at most
   * @param query.after `next` of the page before
   * @param query.whole lists nothing when there are more matches than `limit`, or too many to look through: a quick no
   * @param budget as of `search`
   */
  joinKeys(query: JoinKeysQuery & { limit: number; after?: number; whole?: boolean }, budget?: Budget): Promise<JoinKeysPage>;
  /** Which of these values some match is known by. Costs little for each value that is, more for each that is not. */
  joinKeysAmong(query: JoinKeysQuery & { among: string[] }, budget?: Budget): Promise<string[]>;
  /** Which of these values some living resource of these types has in one of the type's slots. Of many types it costs little where none has. */
  referredTo(by: { type: string; slots: number[] }[], among: string[]): Promise<string[]>;

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
   * An `existed` outcome holds nothing. Preparing under a `tx` that is prepared already is a bug and throws; one that was aborted before
   * is refused (TRANSACTION_ENDED).
   */
  prepare(tx: string, steps: Write[], reliance?: Reliance): Promise<WriteResult[]>;
  /**
   * Makes the steps visible with `at` as meta.lastUpdated. Idempotent; unknown tx: nothing.
   * @returns the types of what it has changed
   */
  commit(tx: string, at: number): Promise<string[]>;
  /** Drops the steps; those that are not here yet are refused when they come, for an hour (`ended-transactions.ts`). Idempotent. */
  abort(tx: string): Promise<void>;
  prepared(): Promise<Prepared[]>;

  /** `Type/id` of the living resource that holds each of these unique keys, in their order; undefined: nobody does. At most 1,000 keys. */
  holders(keys: string[]): Promise<(string | undefined)[]>;
  /** Unique keys that are held and by whom, `Type/id`, in order of key; those after one of them, where that is named. */
  heldKeys(limit: number, after?: string): Promise<{ key: string; holder: string }[]>;

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
  fence(places: VersionReference[], fencing: Fencing, options?: { tx?: string; isAlone?: boolean }): Promise<void>;
  /** Takes the fences of one fencing away: what they were for has not come about. Those of others stay. */
  unfence(places: VersionReference[], token: string): Promise<void>;

  /** A counter's value; 0 when never written. */
  counter(name: string): Promise<number>;
  /** Counters whose name starts so, in order of name; those after one of them, where that is named. */
  counters(prefix: string, limit: number, after?: string): Promise<{ name: string; value: number }[]>;

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
   * A mark of the store's content: another one after every change, by any process. undefined where it cannot be had for
   * almost nothing. Answers computed from the store alone may be given again under the same mark (`store-cache.ts`).
   */
  changes(): string | undefined;

  /** Writes that wait for the store at this moment. */
  waiting(): number;

  /** Removes resources with all their versions, as if they had never been: for what may be kept no longer. No event tells of it. */
  purge(type: string, ids: string[]): Promise<void>;

  /** Living resources by type, and bytes on disk. */
  stats(): Promise<{ documents: Record<string, number>; bytes: number }>;

  close(): Promise<void>;
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
  /** What FTS sees of a resource: [content, narrative], undefined: nothing; absent: no full-text search. */
  text?(json: string): [content: string, narrative: string] | undefined;
  /** Whether each version of a resource of this type is an event, `fhir.TYPE`; absent: none is. Asked at each change. */
  emits?(type: string): boolean;
  /** Called after each write that has put events into the outbox. @param isOfLooks none but those for the ledger */
  onEvents?(isOfLooks?: boolean): void;
  /** Called after each write with the versions that it has made and that are no events. */
  onVersions?(versions: ResourceVersion[]): void;
}
