/** A store's open database, shared by the parts of the store. */
import type { ClientSession, Db, MongoClient } from "mongodb";
import { KeyedQueue } from "../../mesh/keyed-queue.ts";
import type { Effects } from "../plan-write.ts";
import type { StoreOptions } from "../store.ts";
import { unavailable } from "../store-error.ts";
import { Fences } from "./fences.ts";
import { Locks } from "./locks.ts";
import type { openCollections } from "./open.ts";
import { PreparedTransactions } from "./prepared.ts";
import type { Collections } from "./schema.ts";
import { OpenSessions } from "./open-sessions.ts";
import { MongoSearch } from "./search-pipeline.ts";
import { transaction, translate, waitingTransaction } from "./transaction.ts";
import { Writer } from "./write.ts";

/** Options of a store in MongoDB, besides those of every store. */
export interface MongoOptions extends StoreOptions {
  /** A URL to connect to, or a client that the caller connects and closes. */
  url?: string;
  /** CA file that verifies the server's certificate, if the URL has `tls=true`; absent: the well-known CAs. */
  caFile?: string;
  client?: MongoClient;
  database: string;
}

type Opened = Awaited<ReturnType<typeof openCollections>>;

/** An open database: its parts, and the transactions in which they use it. */
export class OpenDatabase {
  readonly client: MongoClient;
  /** The client, if it was made for this store, which then closes it. */
  readonly own: MongoClient | undefined;
  readonly db: Db;
  readonly collections: Collections;
  /** Serialises writes of this process that would abort one another. */
  readonly queue = new KeyedQueue();
  /** Running commits of this process, by transaction. */
  readonly commits = new Map<string, Promise<string[]>>();
  readonly sessions: OpenSessions;
  readonly search: MongoSearch;
  readonly writer: Writer;
  readonly locks: Locks;
  readonly fences: Fences;
  readonly prepared: PreparedTransactions;
  readonly options: MongoOptions;
  isClosed = false;
  /** Running operations. */
  readonly running = new Set<Promise<unknown>>();

  constructor(client: MongoClient, own: MongoClient | undefined, db: Db, opened: Opened, options: MongoOptions) {
    const { collections, hasWords } = opened;
    this.client = client;
    this.own = own;
    this.db = db;
    this.collections = collections;
    this.options = options;
    this.sessions = new OpenSessions(client, collections.sessions);
    this.search = new MongoSearch(collections, hasWords);
    this.locks = new Locks(collections);
    this.fences = new Fences(collections);
    this.prepared = new PreparedTransactions(collections, options);
    this.writer = new Writer(collections, this.search, {
      ...(hasWords && options.text && { text: options.text }),
      ...(options.emits && { emits: options.emits }),
    });
  }

  /** Announces the events and versions of an atomic write. */
  tell({ hasEvents, versions }: Effects): void {
    if (hasEvents) this.options.onEvents?.();
    if (versions.length > 0) this.options.onVersions?.(versions);
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.isClosed) throw unavailable("The store is closed.");
    const running = work();
    this.running.add(running);
    try {
      return await running;
    } catch (error) {
      throw translate(error);
    } finally {
      this.running.delete(running);
    }
  }

  waiting<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.run(() => waitingTransaction(this.sessions, work, this.options.waitMs));
  }

  transaction<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.run(() => transaction(this.sessions, work));
  }
}
