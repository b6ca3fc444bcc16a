/**
 * The store of one service in one MongoDB database; as many processes as wanted may share it. A write is one MongoDB transaction;
 * a prepared one leaves no transaction open, only documents that hold what it will change.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type ClientSession, type Db, MongoClient, MongoError, MongoServerError } from "mongodb";
import type { Clause, Page, StoreQuery } from "../../fhir/search/query.ts";
import { readHistory } from "./mongo/history.ts";
import { type Collections, collectionsOf, indexes, indexFields, type ResourceDocument } from "./mongo/schema.ts";
import { Search } from "./mongo/search.ts";
import { Blocked, Outdated, Writer } from "./mongo/write.ts";
import { jsonOf, plan } from "./plan.ts";
import { unavailable } from "./sqlite/database.ts";
import {
  type HistoryQuery,
  type Prepared,
  type Store,
  StoreError,
  StoreErrorType,
  type StoredResource,
  type StoreOptions,
  type Write,
  type WriteResult,
} from "./store.ts";
import { successor } from "./text.ts";

/** How long a writer waits for a prepared transaction, milliseconds. */
const DEFAULT_WAIT_MS = 2_000;
/** Pause before looking again whether it has ended, milliseconds, and up to half as much again. */
const POLL_MS = 20;
/** How long a write that others keep overtaking is tried again, milliseconds. */
const RETRY_MS = 10_000;
const COMMIT_ATTEMPTS = 5;
const REINDEX_BATCH = 200;
const DUPLICATE_KEY = 11_000;

export interface MongoOptions extends StoreOptions {
  /** A URL to connect to, or a client that the caller connects and closes. */
  url?: string;
  client?: MongoClient;
  database: string;
}

/** @throws StoreError STORE_UNAVAILABLE when the server cannot be reached */
export async function openMongo(options: MongoOptions): Promise<Store> {
  const own = options.client ? undefined : new MongoClient(options.url ?? "", { serverSelectionTimeoutMS: 5_000 });
  try {
    const client = await (options.client ?? own)?.connect();
    const store = new MongoStore(client as MongoClient, own, options);
    await store.open();
    return store;
  } catch (error) {
    await own?.close();
    throw translate(error);
  }
}

class MongoStore implements Store {
  readonly #client: MongoClient;
  readonly #own: MongoClient | undefined;
  readonly #db: Db;
  readonly #collections: Collections;
  readonly #search: Search;
  readonly #writer: Writer;
  readonly #options: MongoOptions;
  #isClosed = false;
  readonly #running = new Set<Promise<unknown>>();

  constructor(client: MongoClient, own: MongoClient | undefined, options: MongoOptions) {
    this.#client = client;
    this.#own = own;
    this.#options = options;
    this.#db = client.db(options.database, { writeConcern: { w: "majority", journal: true }, readPreference: "primary" });
    this.#collections = collectionsOf(this.#db);
    this.#search = new Search(this.#collections);
    this.#writer = new Writer(this.#collections, this.#search);
  }

  async open(): Promise<void> {
    const existing = new Set((await this.#db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
    for (const name of Object.keys(this.#collections) as (keyof Collections)[]) {
      // A transaction cannot make a collection on every server; another process may be a moment ahead.
      if (!existing.has(name)) await this.#db.createCollection(name).catch(ignoreExisting);
      const wanted = indexes[name];
      if (wanted) await this.#db.collection(name).createIndexes(wanted);
    }
    await this.#reindex();
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  read(type: string, id: string): Promise<StoredResource | undefined> {
    return this.#run(async () => stored(await this.#collections.resource.findOne({ _id: `${type}/${id}` })));
  }

  readMany(type: string, ids: string[]): Promise<StoredResource[]> {
    return this.#run(async () => {
      const wanted = [...new Set(ids)].map((id) => `${type}/${id}`);
      const found = await this.#collections.resource.find({ _id: { $in: wanted }, living: true }).toArray();
      return found.map((one) => stored(one) as StoredResource);
    });
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

  // --- writing -------------------------------------------------------------------------------------------------------

  write(steps: Write[]): Promise<WriteResult[]> {
    return this.#waiting(async (session) => {
      const state = await this.#writer.state(steps, session);
      const { changes, results, echoes } = plan(steps, state, Date.now());
      await this.#writer.apply(changes, results, session);
      for (const [step, of] of echoes) {
        const { updated = 0, json } = results[of] ?? {};
        Object.assign(results[step] as WriteResult, { updated, json });
      }
      return results;
    });
  }

  prepare(tx: string, steps: Write[]): Promise<WriteResult[]> {
    return this.#waiting(async (session) => {
      if (await this.#collections.prepared.findOne({ _id: tx }, { session })) throw new Error(`The transaction ${tx} is prepared already.`);
      const state = await this.#writer.state(steps, session);
      const { changes, results, locks } = plan(steps, state, Date.now());
      await this.#writer.lock(locks, tx, session);
      const { indexVersion } = this.#options;
      await this.#collections.prepared.insertOne({ _id: tx, since: Date.now(), indexVersion, changes, locks: [...locks] }, { session });
      return results;
    });
  }

  async commit(tx: string, at: number): Promise<void> {
    await this.#transaction(async (session) => {
      const prepared = await this.#collections.prepared.findOne({ _id: tx }, { session });
      if (!prepared) return;
      const { indexVersion, reindex } = this.#options;
      // Search values may have been computed before their meaning changed.
      const changes = prepared.changes.map((change) =>
        change.kind === "put" && prepared.indexVersion !== indexVersion
          ? { ...change, index: reindex(jsonOf(change.type, change.id, change.version, at, change.body)) }
          : change,
      );
      await this.#writer.apply(changes, [], session, at, tx);
      await this.#writer.unlock(prepared.locks, tx, session);
      await this.#collections.prepared.deleteOne({ _id: tx }, { session });
    });
  }

  async abort(tx: string): Promise<void> {
    await this.#transaction(async (session) => {
      const prepared = await this.#collections.prepared.findOne({ _id: tx }, { session, projection: { locks: 1 } });
      if (!prepared) return;
      await this.#writer.unlock(prepared.locks, tx, session);
      await this.#collections.prepared.deleteOne({ _id: tx }, { session });
    });
  }

  prepared(): Promise<Prepared[]> {
    return this.#run(async () => {
      const found = await this.#collections.prepared.find({}, { projection: { since: 1 } }).toArray();
      return found.map(({ _id, since }) => ({ tx: _id, since })).sort((a, b) => a.since - b.since);
    });
  }

  // --- counters and the map ------------------------------------------------------------------------------------------

  counter(name: string): Promise<number> {
    return this.#run(async () => (await this.#collections.counter.findOne({ _id: name }))?.value ?? 0);
  }

  counters(prefix: string, limit: number): Promise<{ name: string; value: number }[]> {
    return this.#run(async () => {
      const found = await this.#collections.counter
        .find({ _id: startsWith(prefix) })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      return found.map(({ _id, value }) => ({ name: _id, value }));
    });
  }

  put(key: string, value: string, expiresAt?: number): Promise<string> {
    return this.#transaction(async (session) => {
      const { map } = this.#collections;
      await map.deleteOne({ _id: key, expires: { $lt: new Date() } }, { session });
      const found = await map.findOneAndUpdate(
        { _id: key },
        { $setOnInsert: { value, ...(expiresAt !== undefined && { expires: new Date(expiresAt) }) } },
        { session, upsert: true, returnDocument: "after" },
      );
      return found?.value ?? value;
    });
  }

  get(key: string): Promise<string | undefined> {
    return this.#run(async () => {
      const found = await this.#collections.map.findOne({ _id: key });
      return found && !(found.expires && found.expires.getTime() < Date.now()) ? found.value : undefined;
    });
  }

  async remove(key: string): Promise<void> {
    await this.#run(() => this.#collections.map.deleteOne({ _id: key }));
  }

  entries(prefix: string, limit: number): Promise<{ key: string; value: string }[]> {
    return this.#run(async () => {
      const alive = { $or: [{ expires: { $exists: false } }, { expires: { $gte: new Date() } }] };
      const found = await this.#collections.map
        .find({ _id: startsWith(prefix), ...alive })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      return found.map(({ _id, value }) => ({ key: _id, value }));
    });
  }

  // --- the database --------------------------------------------------------------------------------------------------

  /** Another process may have written, and only a question would tell. */
  changes(): undefined {}

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

  /** Rebuilds the search values of what lives, in batches that note how far they came. */
  async #reindex(): Promise<void> {
    const { meta, resource } = this.#collections;
    const { indexVersion, reindex } = this.#options;
    const noted = async (key: string): Promise<string | number | undefined> => (await meta.findOne({ _id: key }))?.value;
    const set = (key: string, value: string | number) => meta.updateOne({ _id: key }, { $set: { value } }, { upsert: true });
    if ((await noted("index version")) === indexVersion) return;
    if ((await noted("reindexing to")) !== indexVersion) {
      await set("reindexed up to", 0);
      await set("reindexing to", indexVersion);
    }
    for (;;) {
      const from = (await noted("reindexed up to")) ?? 0;
      const batch = await resource
        .find({ seq: { $gt: from as number } })
        .sort({ seq: 1 })
        .limit(REINDEX_BATCH)
        .toArray();
      const writes = batch
        .filter(({ living, json }) => living && json !== undefined)
        .map(({ _id, version, json }) => ({
          updateOne: { filter: { _id, version }, update: { $set: indexFields(reindex(json as string)) } },
        }));
      if (writes.length > 0) await resource.bulkWrite(writes, { ordered: false });
      const last = batch.at(-1)?.seq;
      if (last === undefined) break;
      await set("reindexed up to", last);
    }
    await set("index version", indexVersion);
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

  /** A transaction that waits for what others have prepared. */
  #waiting<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.#run(async () => {
      const until = performance.now() + (this.#options.waitMs ?? DEFAULT_WAIT_MS);
      for (;;) {
        try {
          return await this.#attempts(work);
        } catch (error) {
          if (!(error instanceof Blocked)) throw error;
        }
        const left = until - performance.now();
        if (left <= 0) throw new StoreError(StoreErrorType.locked, 0);
        await delay(Math.min(left, POLL_MS * (1 + Math.random() / 2)));
      }
    });
  }

  #transaction<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.#run(() => this.#attempts(work));
  }

  /** One transaction, tried again while others overtake it. */
  async #attempts<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    const start = performance.now();
    for (let attempt = 1; ; attempt++) {
      const session = this.#client.startSession();
      try {
        session.startTransaction({ readConcern: { level: "snapshot" }, writeConcern: { w: "majority", journal: true } });
        const result = await work(session);
        await commit(session);
        return result;
      } catch (error) {
        if (session.inTransaction()) await session.abortTransaction().catch(() => {});
        if (!isOvertaken(error)) throw error;
        if (performance.now() - start > RETRY_MS) throw new StoreError(StoreErrorType.locked, 0);
      } finally {
        await session.endSession();
      }
      await delay(Math.random() * Math.min(100, 4 * 2 ** Math.min(attempt, 6)));
    }
  }
}

/** A commit whose answer got lost may be sent again: it happens once. */
async function commit(session: ClientSession): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      const isUnknown = error instanceof MongoError && error.hasErrorLabel("UnknownTransactionCommitResult");
      if (!isUnknown || attempt === COMMIT_ATTEMPTS) throw error;
    }
  }
}

/** Someone else wrote what this transaction read or wrote. */
function isOvertaken(error: unknown): boolean {
  if (error instanceof Outdated) return true;
  if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return true;
  return (
    error instanceof MongoError &&
    error.hasErrorLabel("TransientTransactionError") &&
    !error.hasErrorLabel("UnknownTransactionCommitResult")
  );
}

function translate(error: unknown): unknown {
  return error instanceof MongoError ? unavailable("MongoDB did not do what was asked.", error) : error;
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof MongoServerError && error.codeName === "NamespaceExists")) throw error;
}

function startsWith(prefix: string): { $gte: string; $lt?: string } {
  const end = successor(prefix);
  return { $gte: prefix, ...(end !== undefined && { $lt: end }) };
}

function stored(document: Omit<ResourceDocument, "living"> | null): StoredResource | undefined {
  if (!document || document.method === "moved" || document.method === "none") return undefined;
  const { type, id, version, updated, method, json } = document;
  return { type, id, version, updated, method, ...(json !== undefined && { json }) };
}
