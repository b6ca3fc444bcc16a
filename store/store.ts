/**
 * The store of one service: FHIR resources with their versions, search values, unique keys and counters.
 * SQLite (`sqlite/`) and MongoDB (`mongo/`) give the same guarantees; `store.test.ts` runs on both.
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
  /** The interaction that made this version. */
  method: "create" | "update" | "delete";
  /** FHIR JSON text with id and meta, as it is sent to clients; absent when deleted. */
  json?: string;
  /** Author of this version, as its write named it; only `readVersion` and `history` fill it in. */
  author?: string;
}

/** A resource in one version. */
export interface VersionReference {
  type: string;
  id: string;
  version: number;
}

/** A holder of fences, and when its fences expire. */
export interface Fencing {
  /** A UUID, unique to the holder. */
  token: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** A resource that a write was decided on, in the version that was seen. */
export interface Relied extends VersionReference {
  /** Whether it is in this store. */
  isOwn: boolean;
}

/** The facts on which a write was decided, besides its steps. */
export interface Reliance {
  on: Relied[];
  /** performance.now() after which the facts are too old. */
  until: number;
}

/** A transaction that this store has prepared and that is neither committed nor aborted yet. */
export interface Prepared {
  tx: string;
  /** Milliseconds since 1970. */
  since: number;
}

/** Which versions a history is to contain. */
export interface HistoryQuery {
  /** Absent: all types (system history). */
  type?: string;
  /** With type: one resource. */
  id?: string;
  /** Only versions written at or after this, milliseconds since 1970. */
  since?: number;
  /** Only versions written at or before this, milliseconds since 1970. */
  until?: number;
  /** Only versions that come after this place in the order of a history: updated, then type, id and version, all descending. */
  before?: { updated: number; type: string; id: string; version: number };
  limit: number;
  /** Bytes of JSON in a page, which has at least one version; default 4,000,000. */
  maxBytes?: number;
}

/** A question for the join keys of matches: their ids, or what they refer to. Deleted resources never match. */
export interface JoinKeysQuery {
  type: string;
  clauses: Clause[];
  /** Slots whose `=` key rows are wanted, without the facet; absent: the ids of the matches. */
  slots?: number[];
}

/** One page of join keys. */
export interface JoinKeysPage {
  /** No duplicates within a page and no order; another page may repeat a value. */
  values: string[];
  /** Place after which the next page begins; absent on the last page. */
  next?: number;
}

/** One entry of the durable map. */
export interface MapEntry {
  key: string;
  value: string;
  /** Milliseconds since 1970 after which the entry may be removed. */
  expiresAt?: number;
}

/**
 * A service's database: FHIR resources with their versions, counters, prepared transactions, a small durable map. Errors are StoreErrors.
 */
export interface Store {
  /** The current version, also of a deleted resource (without `json`); undefined when there never was one or it moved away. */
  read(type: string, id: string): Promise<StoredResource | undefined>;
  /** The current versions of at most 1,000 resources, in the given order. */
  readAll(places: [type: string, id: string][]): Promise<(StoredResource | undefined)[]>;
  /** Any version, also a deletion (without `json`), also of a resource that moved away. */
  readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined>;
  /** Versions, newest first. */
  history(query: HistoryQuery): Promise<{ versions: StoredResource[]; more: boolean }>;

  /**
   * @param budget processor time that this question shares with others, from which it subtracts its own
   * @param counters two counters, the first read no later than the page and the second no earlier; their values are `counted`
   */
  search(query: StoreQuery, budget?: Budget, counters?: [string, string]): Promise<Page & { counted?: [number, number] }>;
  /** How many living resources match. @param budget as of `search` */
  count(type: string, clauses: Clause[], budget?: Budget): Promise<number>;
  /** The first `limit` distinct `=` values of living resources in these slots (ascending), in order of slot and value. */
  distinct(slots: number[], limit: number): Promise<KeyRow[]>;
  /**
   * The join keys of one end of a chain, page by page.
   * @param query.limit resources that a page is made from at most
   * @param query.after `next` of the page before
   * @param query.whole returns nothing when there are more matches than `limit` or too many to look through, after little work
   * @param budget as of `search`
   */
  joinKeys(query: JoinKeysQuery & { limit: number; after?: number; whole?: boolean }, budget?: Budget): Promise<JoinKeysPage>;
  /** Those of the given values that are a join key of some match. A value that is none costs more than one that is. */
  joinKeysAmong(query: JoinKeysQuery & { among: string[] }, budget?: Budget): Promise<string[]>;
  /** Those of the given values to which a living resource of these types refers in one of its type's slots. Cheap for types without any. */
  referredTo(by: readonly { type: string; slots: number[] }[], among: string[]): Promise<string[]>;

  /**
   * Carries out all steps or none, in the given order; durable when it returns.
   * @param key identifies the write, so that it may be repeated: a write that was carried out returns its first results
   * @param reliance facts that must still hold, otherwise FACTS_OUTDATED
   * @throws StoreError; `step` is the index of the refused step
   */
  write(steps: Write[], key?: WriteKey, reliance?: Reliance): Promise<WriteResult[]>;

  /**
   * Checks the steps and stores them under `tx`, durable but invisible. Their resources, unique keys, counters and
   * ifNoneExist locks are held until commit or abort: another writer waits up to `waitMs`, then gets LOCKED.
   * Readers see the last committed state. The results are those of the commit, but for `updated`, which is 0.
   * A result `existed` holds no lock. Preparing under a `tx` that is prepared is a bug and throws; one that was aborted before
   * is refused (TRANSACTION_ENDED).
   */
  prepare(tx: string, steps: Write[], reliance?: Reliance): Promise<WriteResult[]>;
  /**
   * Makes the steps visible with `at` as meta.lastUpdated. Idempotent; does nothing for an unknown tx.
   * @returns the types of the changed resources
   */
  commit(tx: string, at: number): Promise<string[]>;
  /** Drops the prepared steps; a prepare that arrives later is refused for an hour (`ended-transactions.ts`). Idempotent. */
  abort(tx: string): Promise<void>;
  prepared(): Promise<Prepared[]>;

  /** `Type/id` of the living resource that holds each of these unique keys, in their order; undefined: no resource does. At most 1,000 keys. */
  holders(keys: string[]): Promise<(string | undefined)[]>;
  /** Unique keys with `Type/id` of their holders, in order of key. @param after only keys behind this one */
  heldKeys(limit: number, after?: string): Promise<{ key: string; holder: string }[]>;

  /** Events that wait for their relay, oldest first, those of one record in order. @param except records whose events are left out */
  outbox(queue: OutboxQueue, limit: number, except?: string[]): Promise<WaitingEvent[]>;
  /** Removes events that have been relayed. @param places of the events in the outbox */
  relayed(places: string[]): Promise<void>;
  outboxState(): Promise<OutboxState>;
  /** Whether a write with this `once` has been carried out; known for as long as it is remembered. */
  isHandled(id: string): Promise<boolean>;
  /**
   * From now on every write that relies on one of these versions, or an older one, is refused (FACTS_OUTDATED). Waits up to `waitMs` for
   * prepared transactions that may refer to them.
   * @param options.tx a prepared transaction that is not waited for
   * @param options.isAlone no other process writes to the store, so that its fences may stay in memory
   */
  fence(places: VersionReference[], fencing: Fencing, options?: { tx?: string; isAlone?: boolean }): Promise<void>;
  /** Removes the fences of one holder, whose write was not made. Those of other holders stay. */
  unfence(places: VersionReference[], token: string): Promise<void>;

  /** A counter's value; 0 if it was never written. */
  counter(name: string): Promise<number>;
  /** Counters whose name begins with `prefix`, in order of name. @param after only those behind this name */
  counters(prefix: string, limit: number, after?: string): Promise<{ name: string; value: number }[]>;

  /**
   * A small durable map for data that is no FHIR resource, such as the transaction journal.
   * `put` stores only if the key is new and returns what is stored now: a compare-and-set in one step.
   * The entry may be removed after `expiresAt`, milliseconds since 1970.
   */
  put(key: string, value: string, expiresAt?: number): Promise<string>;
  /** Stores all entries if none of their keys exists, in one step. Returns what is now stored under each; undefined: nothing, another key existed. */
  putAll(entries: MapEntry[]): Promise<(string | undefined)[]>;
  get(key: string): Promise<string | undefined>;
  /** True if `holder` has the lease of the name for the next `forMs` milliseconds, newly or renewed; it expires by itself. */
  lease(name: string, holder: string, forMs: number): Promise<boolean>;
  remove(key: string): Promise<void>;
  /** Entries whose key begins with `prefix`, in order of key. */
  entries(prefix: string, limit: number): Promise<{ key: string; value: string }[]>;
  /** Number of entries whose key begins with `prefix`, and bytes of their values; expired ones may be included. Other work goes on meanwhile. */
  usage(prefix: string): Promise<{ count: number; bytes: number }>;

  /**
   * A mark of the store's content, which differs after every change by any process; undefined where it cannot be had at almost
   * no cost. Answers that depend on the store alone stay valid under the same mark (`store-cache.ts`).
   */
  changes(): string | undefined;

  /** Number of writes that wait for the store at this moment. */
  waiting(): number;

  /** Removes resources with all their versions, at the end of their retention. No event is published. */
  purge(type: string, ids: string[]): Promise<void>;

  /** Living resources by type, and bytes on disk. */
  stats(): Promise<{ documents: Record<string, number>; bytes: number }>;

  close(): Promise<void>;
}

/** A module that exports `reindex` and `text` of a store's options under a name, so that a thread can load them. */
export interface StoreFunctions {
  /** URL of the module. */
  module: string;
  /** Name of the export. */
  name: string;
}

/** Options to open any store. */
export interface StoreOptions {
  /** The service's name: the file's name under DATA_DIR, or the database's name in MongoDB. */
  name: string;
  /** Changes when the meaning of the slots changes: the store then rebuilds its index rows by `reindex` before it opens. */
  indexVersion: string;
  /** Index rows of a stored resource's JSON text. */
  reindex(json: string): IndexRows;
  /** How long a writer waits for a prepared transaction, milliseconds; default 2,000. */
  waitMs?: number;
  /** Texts for full-text search, [content, narrative]; undefined: none of this resource. Absent: no full-text search. */
  text?(json: string): [content: string, narrative: string] | undefined;
  /** Where `reindex` and `text` are, for a store that writes in a thread; absent: `reindex` finds nothing, and there is no `text`. */
  functions?: StoreFunctions;
  /** Types of which each version is published as an event, `fhir.TYPE`; absent: none. Called at each write. */
  emits?(): ReadonlySet<string>;
  /** Called after each write that has put events into the outbox. @param isOfLooks all of them are for the ledger */
  onEvents?(isOfLooks?: boolean): void;
  /** Called after each write with the versions that it has made and that are not published as events. */
  onVersions?(versions: ResourceVersion[]): void;
}
