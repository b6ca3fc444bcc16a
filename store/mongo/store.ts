/**
 * The store of one service in one MongoDB database; as many processes as wanted may share it. A write is one MongoDB transaction;
 * a prepared one leaves no transaction open, only documents that hold what it will change.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type ClientSession, type Db, MongoClient } from "mongodb";
import type { Clause, KeyRow, Page, StoreQuery } from "../../fhir/search/query.ts";
import { KeyedQueue } from "../../mesh/keyed-queue.ts";
import { distinctValues } from "./distinct.ts";
import { readHistory } from "./history.ts";
import { Fences } from "./fences.ts";
import { Lease } from "./lease.ts";
import { Locks } from "./locks.ts";
import { joinKeysAmong, joinKeysPage } from "./join-keys.ts";
import { forgetEvents, outboxState, waitingEvents } from "./outbox.ts";
import { openCollections } from "./open.ts";
import { type Collections, DATABASE_OPTIONS, type ResourceDocument } from "./schema.ts";
import { PreparedTransactions } from "./prepared.ts";
import { refuseTooLarge } from "./sizes.ts";
import { MongoSearch } from "./search-pipeline.ts";
import { transaction, translate, waitingTransaction } from "./transaction.ts";
import { countersFrom, counterValue, entriesFrom, entryValue, leaseEntry, putEntries, usageOf } from "./values.ts";
import { Writer } from "./write.ts";
import { type Effects, lockKeys, reliedKeys, typesIn } from "../plan-write.ts";
import { planWrite } from "../write-planner.ts";
import { mayBeRepeated, resultsOfRepeated } from "../repeated-write.ts";
import type {
  HistoryQuery,
  JoinKeysPage,
  JoinKeysQuery,
  MapEntry,
  Fencing,
  VersionReference,
  Prepared,
  Reliance,
  Store,
  StoredResource,
  StoreOptions,
} from "../store.ts";
import type { OutboxQueue, OutboxState, WaitingEvent, Write, WriteKey, WriteResult } from "../writes.ts";
import { unavailable } from "../store-error.ts";

const COMMIT_POLL_MS = 50;
/** Longest that a write waits for others of this process that write the same, milliseconds. */
const MAX_QUEUE_MS = 5_000;

/** How a store in MongoDB is opened, besides what every store needs. */
export interface MongoOptions extends StoreOptions {
  /** A URL to connect to, or a client that the caller connects and closes. */
  url?: string;
  /** File of the CA by which the server proves itself, where the URL has `tls=true`; absent: any known one. */
  caFile?: string;
  client?: MongoClient;
  database: string;
}

/** @throws StoreError STORE_UNAVAILABLE when the server cannot be reached */
export async function openMongo(options: MongoOptions): Promise<Store> {
  const own = options.client
    ? undefined
    : new MongoClient(options.url ?? "", {
        serverSelectionTimeoutMS: 5_000,
        ...(options.caFile !== undefined && { tlsCAFile: options.caFile }),
      });
  try {
    const client = await (options.client ?? own)?.connect();
    const db = (client as MongoClient).db(options.database, DATABASE_OPTIONS);
    return new MongoStore(client as MongoClient, own, db, await openCollections(db, options), options);
  } catch (error) {
    await own?.close();
    throw translate(error);
  }
}

type Opened = Awaited<ReturnType<typeof openCollections>>;

class MongoStore implements Store {
  readonly #client: MongoClient;
  readonly #own: MongoClient | undefined;
  readonly #db: Db;
  readonly #collections: Collections;
  readonly #lines = new KeyedQueue();
  readonly #commits = new Map<string, Promise<string[]>>();
  readonly #search: MongoSearch;
  readonly #writer: Writer;
  readonly #locks: Locks;
  readonly #fences: Fences;
  readonly #prepared: PreparedTransactions;
  readonly #options: MongoOptions;
  #isClosed = false;
  readonly #running = new Set<Promise<unknown>>();

  constructor(client: MongoClient, own: MongoClient | undefined, db: Db, opened: Opened, options: MongoOptions) {
    const { collections, hasWords } = opened;
    this.#client = client;
    this.#own = own;
    this.#db = db;
    this.#collections = collections;
    this.#options = options;
    this.#search = new MongoSearch(collections, hasWords);
    this.#locks = new Locks(collections);
    this.#fences = new Fences(collections);
    this.#prepared = new PreparedTransactions(collections, options);
    this.#writer = new Writer(collections, this.#search, {
      ...(hasWords && options.text && { text: options.text }),
      ...(options.emits && { emits: options.emits }),
    });
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  read(type: string, id: string): Promise<StoredResource | undefined> {
    return this.#run(async () => stored(await this.#collections.resource.findOne({ _id: `${type}/${id}` }, { projection: { author: 0 } })));
  }

  readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined> {
    return this.#run(async () => {
      const current = stored(await this.#collections.resource.findOne({ _id: `${type}/${id}` }));
      if (current?.version === version) return current;
      return stored(await this.#collections.history.findOne({ _id: `${type}/${id}/${version}` }));
    });
  }

  history(query: HistoryQuery): Promise<{ versions: StoredResource[]; more: boolean }> {
    return this.#run(() => readHistory(this.#collections, query));
  }

  search(query: StoreQuery): Promise<Page> {
    return this.#run(() => this.#search.page(query));
  }

  count(type: string, clauses: Clause[]): Promise<number> {
    return this.#run(() => this.#search.count(type, clauses));
  }

  distinct(slots: number[], limit: number): Promise<KeyRow[]> {
    return this.#run(() => distinctValues(this.#collections, slots, limit));
  }

  joinKeys(query: JoinKeysQuery & { limit: number; after?: number; whole?: boolean }): Promise<JoinKeysPage> {
    return this.#run(() => joinKeysPage(this.#collections, this.#search.answerable(query)));
  }

  joinKeysAmong(query: JoinKeysQuery & { among: string[] }): Promise<string[]> {
    return this.#run(() => joinKeysAmong(this.#collections, this.#search.answerable(query)));
  }

  async referredTo(by: { type: string; slots: number[] }[], among: string[]): Promise<string[]> {
    const found = await Promise.all(by.map(({ type, slots }) => this.joinKeysAmong({ type, slots, clauses: [], among })));
    return [...new Set(found.flat())];
  }

  // --- writing -------------------------------------------------------------------------------------------------------

  write(steps: Write[], key?: WriteKey, reliance?: Reliance): Promise<WriteResult[]> {
    // Those who write the same resource, counter or key would abort one another's transactions; of this process one does it at a time.
    return this.#lines.run([...lockKeys(steps, reliance), ...reliedKeys(reliance)], performance.now() + MAX_QUEUE_MS, () =>
      this.#write(steps, key, reliance),
    );
  }

  async #write(steps: Write[], key: WriteKey | undefined, reliance: Reliance | undefined): Promise<WriteResult[]> {
    let effects: Effects | undefined;
    const results = await this.#waiting(async (session) => {
      const state = await this.#writer.state(steps, session, reliance);
      const made = key && mayBeRepeated(steps, key, state) ? await this.#writer.made(steps, key, session) : undefined;
      const before = made && resultsOfRepeated(steps, (type, id) => made.get(`${type}/${id}`), state);
      if (before) return before;
      const { changes, results, echoes } = planWrite(steps, state, Date.now(), reliance);
      refuseTooLarge(changes);
      effects = await this.#writer.apply(changes, results, session, { key: key?.id });
      for (const [step, of] of echoes) {
        const { updated = 0, json } = results[of] ?? {};
        Object.assign(results[step] as WriteResult, { updated, json });
      }
      return results;
    });
    if (effects) this.#tell(effects);
    return results;
  }

  #tell({ hasEvents, versions }: Effects): void {
    if (hasEvents) this.#options.onEvents?.();
    if (versions.length > 0) this.#options.onVersions?.(versions);
  }

  prepare(tx: string, steps: Write[], reliance?: Reliance): Promise<WriteResult[]> {
    return this.#waiting(async (session) => {
      if (await this.#prepared.has(tx, session)) throw new Error(`The transaction ${tx} is prepared already.`);
      const state = await this.#writer.state(steps, session, reliance);
      const { changes, results, locks } = planWrite(steps, state, Date.now(), reliance);
      refuseTooLarge(changes);
      await this.#locks.lock(locks, tx, session);
      await this.#prepared.put(tx, { changes, locks }, session);
      return results;
    });
  }

  /** One at a time: a commit that is under way in this process is joined, one of another process is waited for. */
  commit(tx: string, at: number): Promise<string[]> {
    const known = this.#commits.get(tx);
    if (known) return known;
    const commit = this.#commitOnce(tx, at).finally(() => this.#commits.delete(tx));
    this.#commits.set(tx, commit);
    return commit;
  }

  async #commitOnce(tx: string, at: number): Promise<string[]> {
    const lease = new Lease(this.#collections.map, `commit/${tx}`);
    for (;;) {
      if (!(await this.#run(() => this.#prepared.has(tx)))) return [];
      if (await this.#run(() => lease.take())) break;
      await delay(COMMIT_POLL_MS);
    }
    try {
      return await this.#commitLeased(tx, at);
    } finally {
      await lease.give().catch(() => {}); // it ends by itself
    }
  }

  async #commitLeased(tx: string, at: number): Promise<string[]> {
    let effects: Effects | undefined;
    const types = await this.#transaction(async (session) => {
      const prepared = await this.#prepared.get(tx, at, session);
      if (!prepared) return [];
      const { changes, locks } = prepared;
      effects = await this.#writer.apply(changes, [], session, { at, tx });
      await this.#locks.unlock(locks, tx, session);
      await this.#prepared.remove(tx, session);
      return typesIn(changes);
    });
    if (effects) this.#tell(effects);
    return types;
  }

  async abort(tx: string): Promise<void> {
    await this.#transaction(async (session) => {
      const locks = await this.#prepared.remove(tx, session);
      if (locks) await this.#locks.unlock(locks, tx, session);
    });
  }

  prepared(): Promise<Prepared[]> {
    return this.#run(() => this.#prepared.list());
  }

  // --- events --------------------------------------------------------------------------------------------------------

  outbox(queue: OutboxQueue, limit: number, except: string[] = []): Promise<WaitingEvent[]> {
    return this.#run(() => waitingEvents(this.#collections, queue, limit, except));
  }

  async relayed(places: string[]): Promise<void> {
    await this.#run(() => forgetEvents(this.#collections, places));
  }

  outboxState(): Promise<OutboxState> {
    return this.#run(() => outboxState(this.#collections));
  }

  isHandled(id: string): Promise<boolean> {
    return this.#run(async () => (await this.#collections.handled.findOne({ _id: id, isClaim: { $exists: false } })) !== null);
  }

  async fence(places: VersionReference[], fencing: Fencing, { tx }: { tx?: string } = {}): Promise<void> {
    await this.#waiting((session) => this.#fences.fence(places, fencing, tx, session));
  }

  async unfence(places: VersionReference[], token: string): Promise<void> {
    await this.#transaction((session) => this.#fences.unfence(places, token, session));
  }

  holders(keys: string[]): Promise<(string | undefined)[]> {
    return this.#run(async () => {
      const all = await this.#collections.held.find({ _id: { $in: keys }, isClaim: { $exists: false } }).toArray();
      const found = new Map(all.map(({ _id, ref }) => [_id, ref]));
      return keys.map((key) => found.get(key));
    });
  }

  // --- counters and the map ------------------------------------------------------------------------------------------

  counter(name: string): Promise<number> {
    return this.#run(() => counterValue(this.#collections, name));
  }

  counters(prefix: string, limit: number): Promise<{ name: string; value: number }[]> {
    return this.#run(() => countersFrom(this.#collections, prefix, limit));
  }

  async put(key: string, value: string, expiresAt?: number): Promise<string> {
    const [stored] = await this.putAll([{ key, value, ...(expiresAt !== undefined && { expiresAt }) }]);
    return stored as string; // what is there, or what was put
  }

  putAll(entries: MapEntry[]): Promise<(string | undefined)[]> {
    return this.#transaction((session) => putEntries(this.#collections, session, entries));
  }

  get(key: string): Promise<string | undefined> {
    return this.#run(() => entryValue(this.#collections, key));
  }

  lease(name: string, holder: string, forMs: number): Promise<boolean> {
    return this.#run(() => leaseEntry(this.#collections, name, holder, forMs));
  }

  async remove(key: string): Promise<void> {
    await this.#run(() => this.#collections.map.deleteOne({ _id: key }));
  }

  entries(prefix: string, limit: number): Promise<{ key: string; value: string }[]> {
    return this.#run(() => entriesFrom(this.#collections, prefix, limit));
  }

  usage(prefix: string): Promise<{ count: number; bytes: number }> {
    return this.#run(() => usageOf(this.#collections, prefix));
  }

  async purge(type: string, ids: string[]): Promise<void> {
    const { resource, history, held } = this.#collections;
    const refs = ids.map((id) => `${type}/${id}`);
    await this.#transaction(async (session) => {
      await resource.deleteMany({ _id: { $in: refs } }, { session });
      await history.deleteMany({ type, id: { $in: ids } }, { session });
      await held.deleteMany({ ref: { $in: refs } }, { session });
    });
  }

  // --- the database --------------------------------------------------------------------------------------------------

  /** Another process may have written, and only a question would tell. */
  changes(): undefined {}

  waiting(): number {
    return this.#running.size;
  }

  stats(): Promise<{ documents: Record<string, number>; bytes: number }> {
    return this.#run(async () => {
      const types = await this.#collections.resource.distinct("type", { living: true });
      const documents: Record<string, number> = {};
      for (const type of types.sort()) documents[type] = await this.count(type, []);
      const { storageSize = 0, indexSize = 0 } = await this.#db.stats();
      return { documents, bytes: storageSize + indexSize };
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
    await this.#own?.close();
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw unavailable("The store is closed.");
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw translate(error);
    } finally {
      this.#running.delete(running);
    }
  }

  #waiting<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.#run(() => waitingTransaction(this.#client, work, this.#options.waitMs));
  }

  #transaction<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.#run(() => transaction(this.#client, work));
  }
}

function stored(document: Omit<ResourceDocument, "living"> | null): StoredResource | undefined {
  if (!document || document.method === "moved" || document.method === "none") return undefined;
  const { type, id, version, updated, method, json, author } = document;
  return { type, id, version, updated, method, ...(json !== undefined && { json }), ...(author !== undefined && { author }) };
}
