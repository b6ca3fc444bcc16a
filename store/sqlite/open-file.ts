/** A store's file while it is open: what the parts of the store share. */
import { fairTurn, isOwnTurn } from "../../mesh/turns.ts";
import type { Effects } from "../plan-write.ts";
import type { StoreOptions } from "../store.ts";
import { unavailable } from "../store-error.ts";
import { type Budget, requestTooCostly, writeTooCostly } from "../too-costly.ts";
import { WriteQueue } from "./commit-queue.ts";
import type { Database } from "./database.ts";
import { JoinKeys } from "./join-keys.ts";
import { LogFlush } from "./log-flush.ts";
import { MultiValuedSlots } from "./multi-valued-slots.ts";
import { PreparedWrites } from "./prepared.ts";
import { type SearchLimits, SqliteSearch } from "./search-statement.ts";
import { Types } from "./types.ts";
import { Writer } from "./write.ts";

/** How long a writer waits for a prepared transaction, milliseconds. */
const DEFAULT_WAIT_MS = 2_000;

/** How a store in SQLite is opened, besides what every store needs. */
export interface SqliteOptions extends StoreOptions {
  /** Path of the file; its folder must exist. */
  file: string;
  /** For tests that want the plans of many rows with few. */
  limits?: SearchLimits;
  /** Pages of 4 KiB that the file may have: a full disk, for tests. */
  maxPages?: number;
  /** Memory for pages of the file, KiB; default 8,192. */
  cacheKib?: number;
}

/** An open file: its parts, and turns in which they work on it. */
export class OpenFile {
  readonly writer: Writer;
  readonly db: Database;
  readonly types: Types;
  readonly search: SqliteSearch;
  readonly joinKeys: JoinKeys;
  readonly queue: WriteQueue;
  readonly prepared: PreparedWrites;
  readonly waitMs: number;
  readonly options: Pick<StoreOptions, "onEvents" | "onVersions">;
  readonly log: LogFlush;
  isClosed = false;

  constructor(db: Database, options: SqliteOptions) {
    this.db = db;
    this.types = new Types(db);
    const several = new MultiValuedSlots(db);
    this.search = new SqliteSearch(db, this.types, several, options.limits);
    this.joinKeys = new JoinKeys(db, this.types, this.search);
    this.options = options;
    this.log = new LogFlush(db);
    this.writer = new Writer(db, this.types, several, options, (type, condition, limit, budget) =>
      db.spending(budget, () => this.search.find(type, condition, limit), writeTooCostly),
    );
    this.prepared = new PreparedWrites(db, this.writer, options);
    this.queue = new WriteQueue(db, this.log, {
      begun: () => this.writer.begin(),
      finish: () => this.writer.finish(),
      rolledBack: () => {
        this.types.forget();
        several.forget();
      },
    });
    this.waitMs = options.waitMs ?? DEFAULT_WAIT_MS;
  }

  /** Says of an atomic write what it has put into the outbox and which versions it has made. */
  tell({ hasEvents, versions }: Effects, isOfLooks?: boolean): void {
    if (hasEvents) this.options.onEvents?.(isOfLooks);
    if (versions.length > 0) this.options.onVersions?.(versions);
  }

  /** In one snapshot, in bounded time. @param budget of several questions, this one among them */
  asked<T>(work: () => T, budget?: Budget): Promise<T> {
    return this.reading(() => this.db.snapshot(() => (budget ? this.db.spending(budget, work, requestTooCostly) : this.db.within(work))));
  }

  /** What is answered is on the disk: nobody has seen what a cut of the power takes away. */
  reading<T>(work: () => T): Promise<T> {
    return isOwnTurn() ? this.#read(work) : fairTurn().then(() => this.#read(work));
  }

  #read<T>(work: () => T): Promise<T> {
    return this.isClosed ? Promise.reject(storeClosed()) : this.log.reading(work);
  }

  /** For the store's own ends: what it finds is shown to nobody, so that it need not be on the disk. */
  looking<T>(work: () => T): Promise<T> {
    return this.isClosed ? Promise.reject(storeClosed()) : this.db.whenFree(work);
  }
}

const storeClosed = () => unavailable("The store is closed.");
