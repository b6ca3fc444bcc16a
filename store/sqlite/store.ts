/** The store of one service in one SQLite file, by Node's own `node:sqlite`. Several processes of a machine may open the same file. */
import { stat } from "node:fs/promises";
import type { Clause, KeyRow, Page, StoreQuery } from "../../fhir/search/query.ts";
import { fairTurn } from "../../mesh/turns.ts";
import { charactersIn, type Effects, lockKeys } from "../plan-write.ts";
import { planWrite } from "../write-planner.ts";
import { mayBeRepeated, resultsOfRepeated } from "../repeated-write.ts";
import type { Database } from "./database.ts";
import { distinctValues } from "./distinct.ts";
import { readHistory } from "./history.ts";
import { JoinKeys } from "./join-keys.ts";
import { openDatabase, reindex } from "./open.ts";
import { PreparedWrites } from "./prepared.ts";
import { WriteQueue } from "./commit-queue.ts";
import { methodNames } from "./schema.ts";
import { SqliteSearch, type SearchLimits } from "./search-statement.ts";
import { counterValue, countersFrom, entriesFrom, entryValue, holdersOf, leaseEntry, putEntries, usagePage } from "./map.ts";
import { MultiValuedSlots } from "./multi-valued-slots.ts";
import { LightLog } from "./light-log.ts";
import { Types } from "./types.ts";
import { forgetRelayed, outboxState, waitingEvents } from "./outbox.ts";
import { Writer } from "./write.ts";
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
import { type Budget, requestTooCostly, writeTooCostly } from "../too-costly.ts";

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

/** A store that can say how it would answer. */
export interface SqliteStore extends Store {
  /** SQLite's own plan of every statement that answering the query takes, one line per step: `statement: step`. */
  explainSearch(query: StoreQuery): string[];
  /** The same for `joinKeys`, two pages of them, and for `joinKeysAmong`. */
  explainLinks(query: JoinKeysQuery & { among: string[] }, limit: number): string[];
}

/** @throws StoreError STORE_UNAVAILABLE, with the reason as its message, when the file cannot be used; it is left as it was */
export async function openSqlite(options: SqliteOptions): Promise<SqliteStore> {
  const db = await openDatabase(options.file, options.text !== undefined, options);
  try {
    const store = new SqliteFile(db, options);
    await reindex(db, store.writer, options);
    return store;
  } catch (error) {
    db.close();
    throw error;
  }
}

class SqliteFile implements SqliteStore {
  readonly writer: Writer;
  readonly #db: Database;
  readonly #types: Types;
  readonly #search: SqliteSearch;
  readonly #joinKeys: JoinKeys;
  readonly #queue: WriteQueue;
  readonly #prepared: PreparedWrites;
  readonly #waitMs: number;
  readonly #options: Pick<StoreOptions, "onEvents" | "onVersions">;
  readonly #log: LightLog;
  #isClosed = false;

  constructor(db: Database, options: SqliteOptions) {
    this.#db = db;
    this.#types = new Types(db);
    const several = new MultiValuedSlots(db);
    this.#search = new SqliteSearch(db, this.#types, several, options.limits);
    this.#joinKeys = new JoinKeys(db, this.#types, this.#search);
    this.#options = options;
    this.#log = new LightLog(`${options.file}-wal`);
    this.writer = new Writer(db, this.#types, several, options, (type, condition, limit, budget) =>
      db.spending(budget, () => this.#search.find(type, condition, limit), writeTooCostly),
    );
    this.#prepared = new PreparedWrites(db, this.writer, options);
    this.#queue = new WriteQueue(db, {
      begun: () => this.writer.begin(),
      finish: () => this.writer.finish(),
      rolledBack: () => {
        this.#types.forget();
        several.forget();
      },
    });
    this.#waitMs = options.waitMs ?? DEFAULT_WAIT_MS;
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  read(type: string, id: string): Promise<StoredResource | undefined> {
    return this.#reading(() => {
      const no = this.#types.find(type);
      if (no === undefined) return undefined;
      return stored(
        type,
        this.#db.get<StoredRow>("SELECT id, version, updated, method, json FROM resource WHERE type = ? AND id = ?", no, id),
      );
    });
  }

  readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined> {
    return this.#reading(() =>
      this.#db.snapshot(() => {
        const no = this.#types.find(type);
        if (no === undefined) return undefined;
        const current = this.#db.get<StoredRow & { seq: number }>(
          "SELECT seq, id, version, updated, method, json, author FROM resource WHERE type = ? AND id = ?",
          no,
          id,
        );
        if (!current) return undefined;
        if (current.version === version && current.method < 4) return stored(type, current);
        return stored(
          type,
          this.#db.get<StoredRow>(
            "SELECT id, version, updated, method, json, author FROM history WHERE seq = ? AND version = ?",
            current.seq,
            version,
          ),
        );
      }),
    );
  }

  history(query: HistoryQuery): Promise<{ versions: StoredResource[]; more: boolean }> {
    return this.#reading(() => this.#db.snapshot(() => readHistory(this.#db, this.#types, query)));
  }

  search(query: StoreQuery, budget?: Budget): Promise<Page> {
    const page = () => this.#search.page(query);
    if (!budget) return this.#asked(page);
    return this.#reading(() => this.#db.snapshot(() => this.#db.spending(budget, page, requestTooCostly)));
  }

  count(type: string, clauses: Clause[]): Promise<number> {
    return this.#asked(() => this.#search.count(type, clauses));
  }

  distinct(slots: number[], limit: number): Promise<KeyRow[]> {
    return this.#reading(() => this.#db.snapshot(() => distinctValues(this.#db, slots, limit)));
  }

  joinKeys(query: JoinKeysQuery & { limit: number; after?: number; whole?: boolean }): Promise<JoinKeysPage> {
    return this.#asked(() => this.#joinKeys.page(query));
  }

  joinKeysAmong(query: JoinKeysQuery & { among: string[] }): Promise<string[]> {
    return this.#asked(() => this.#joinKeys.among(query));
  }

  referredTo(by: { slots: number[] }[], among: string[]): Promise<string[]> {
    const slots = by.flatMap((one) => one.slots);
    return this.#asked(() => this.#joinKeys.inSlots(slots, among));
  }

  explainSearch(query: StoreQuery): string[] {
    return this.#explained(() => {
      this.#search.page(query);
      this.#search.count(query.type, query.clauses);
    });
  }

  explainLinks(query: JoinKeysQuery & { among: string[] }, limit: number): string[] {
    return this.#explained(() => {
      const { next } = this.#joinKeys.page({ ...query, limit });
      if (next !== undefined) this.#joinKeys.page({ ...query, limit, after: next });
      this.#joinKeys.among(query);
    });
  }

  #explained(work: () => void): string[] {
    const statements = new Set<string>();
    this.#db.onStatement = (text) => statements.add(text);
    try {
      work();
    } finally {
      this.#db.onStatement = undefined;
    }
    return [...statements].flatMap((text) => this.#db.explain(text).map((line) => `${text}: ${line}`));
  }

  // --- writing -------------------------------------------------------------------------------------------------------

  async write(steps: Write[], key?: WriteKey, reliance?: Reliance): Promise<WriteResult[]> {
    let effects: Effects | undefined;
    const isLightWrite = steps.every(isLight);
    const results = await this.#queue.add(
      () => {
        const state = this.writer.state();
        const before =
          key && mayBeRepeated(steps, key, state)
            ? resultsOfRepeated(steps, (type, id) => this.writer.made(type, id, key), state)
            : undefined;
        if (before) return before;
        this.#prepared.refuseLocked(lockKeys(steps, reliance));
        const { changes, results, echoes } = planWrite(steps, state, this.writer.now, reliance);
        effects = this.writer.apply(changes, results, undefined, key?.id);
        for (const [step, of] of echoes) {
          const { updated = 0, json } = results[of] ?? {};
          Object.assign(results[step] as WriteResult, { updated, json });
        }
        return results;
      },
      charactersIn(steps),
      this.#waitMs,
      isLightWrite,
    );
    if (isLightWrite) await this.#log.synced();
    if (effects) this.#tell(effects, isLightWrite);
    return results;
  }

  #tell({ hasEvents, versions }: Effects, isLight?: boolean): void {
    if (hasEvents) this.#options.onEvents?.(isLight);
    if (versions.length > 0) this.#options.onVersions?.(versions);
  }

  async prepare(tx: string, steps: Write[], reliance?: Reliance): Promise<WriteResult[]> {
    return this.#queue.add(() => this.#prepared.prepare(tx, steps, reliance), charactersIn(steps), this.#waitMs);
  }

  async commit(tx: string, at: number): Promise<string[]> {
    const { types, ...effects } = await this.#queue.add(() => this.#prepared.commit(tx, at), this.#prepared.sizeOf(tx), 0);
    this.#prepared.ended(tx);
    this.#queue.wake();
    this.#tell(effects);
    return types;
  }

  async abort(tx: string): Promise<void> {
    await this.#queue.add(() => this.#prepared.abort(tx), 100, 0);
    this.#prepared.ended(tx);
    this.#queue.wake();
  }

  prepared(): Promise<Prepared[]> {
    return this.#reading(() =>
      this.#db.all<Prepared>("SELECT tx, since FROM prepared ORDER BY since").map(({ tx, since }) => ({ tx, since })),
    );
  }

  // --- events --------------------------------------------------------------------------------------------------------

  outbox(queue: OutboxQueue, limit: number, except: string[] = []): Promise<WaitingEvent[]> {
    return this.#reading(() => waitingEvents(this.#db, queue, limit, except));
  }

  async relayed(places: string[]): Promise<void> {
    // What is forgotten again after a cut of the power is relayed twice, which its receivers expect.
    await this.#queue.add(() => forgetRelayed(this.#db, places), 10 * places.length, 0, true);
  }

  outboxState(): Promise<OutboxState> {
    return this.#reading(() => outboxState(this.#db));
  }

  isHandled(id: string): Promise<boolean> {
    return this.#reading(() => this.writer.isHandled(id));
  }

  async fence(
    places: VersionReference[],
    fencing: Fencing,
    { tx, isAlone = false }: { tx?: string; isAlone?: boolean } = {},
  ): Promise<void> {
    if (isAlone) {
      for (const place of places) this.writer.fences.set(place, fencing);
      const isWaiting = await this.#reading(() => this.#db.get("SELECT 1 FROM prepared LIMIT 1") !== undefined);
      if (!isWaiting) return;
    }
    await this.#queue.add(
      () => {
        for (const { type, id } of places) this.#prepared.refuseMentioned(`${type}/${id}`, tx);
        for (const place of places) this.writer.fence(place, fencing);
      },
      100 * places.length,
      this.#waitMs,
    );
    for (const { type, id } of places) this.writer.fences.delete(`${type}/${id}`, fencing.token); // they are written down now
  }

  async unfence(places: VersionReference[], token: string): Promise<void> {
    const isWritten = places.filter(({ type, id }) => !this.writer.fences.delete(`${type}/${id}`, token)).length > 0;
    if (!isWritten) return;
    await this.#queue.add(
      () => {
        for (const { type, id } of places) this.writer.unfence(`${type}/${id}`, token);
      },
      100 * places.length,
      0,
    );
  }

  holders(keys: string[]): Promise<(string | undefined)[]> {
    return this.#reading(() => holdersOf(this.#db, keys));
  }

  // --- counters and the map ------------------------------------------------------------------------------------------

  counter(name: string): Promise<number> {
    return this.#reading(() => counterValue(this.#db, name));
  }

  counters(prefix: string, limit: number): Promise<{ name: string; value: number }[]> {
    return this.#reading(() => countersFrom(this.#db, prefix, limit));
  }

  async put(key: string, value: string, expiresAt?: number): Promise<string> {
    const [stored] = await this.putAll([{ key, value, ...(expiresAt !== undefined && { expiresAt }) }]);
    return stored as string; // what is there, or what was put
  }

  putAll(entries: MapEntry[]): Promise<(string | undefined)[]> {
    const size = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    return this.#queue.add(() => putEntries(this.#db, entries, this.writer.now), size, 0);
  }

  get(key: string): Promise<string | undefined> {
    return this.#reading(() => entryValue(this.#db, key));
  }

  lease(name: string, holder: string, forMs: number): Promise<boolean> {
    return this.#queue.add(() => leaseEntry(this.#db, { name, holder, now: this.writer.now, forMs }), 100, 0);
  }

  async remove(key: string): Promise<void> {
    await this.#queue.add(() => this.#db.run("DELETE FROM map WHERE key = ?", key), 100, 0);
  }

  entries(prefix: string, limit: number): Promise<{ key: string; value: string }[]> {
    return this.#reading(() => entriesFrom(this.#db, prefix, limit));
  }

  async usage(prefix: string): Promise<{ count: number; bytes: number }> {
    const all = { count: 0, bytes: 0 };
    for (let after: string | undefined = ""; after !== undefined; ) {
      const page = await this.#reading(() => usagePage(this.#db, prefix, after as string));
      all.count += page.count;
      all.bytes += page.bytes;
      after = page.next;
      await new Promise(setImmediate);
    }
    return all;
  }

  async purge(type: string, ids: string[]): Promise<void> {
    await this.#queue.add(
      () => {
        for (const id of ids) this.writer.purge(type, id);
      },
      1_000 * ids.length,
      0,
    );
  }

  // --- the file ------------------------------------------------------------------------------------------------------

  changes(): string {
    // What other connections have committed, and what this one has changed.
    const { others, own } = this.#db.one<{ others: number; own: number }>(
      "SELECT data_version AS others, total_changes() AS own FROM pragma_data_version()",
    );
    return `${others}.${own}`;
  }

  waiting(): number {
    return this.#queue.length;
  }

  async stats(): Promise<{ documents: Record<string, number>; bytes: number }> {
    const documents = await this.#reading(() =>
      Object.fromEntries(this.#types.all().flatMap(({ name, living }) => (living > 0 ? [[name, living]] : []))),
    );
    const sizes = await Promise.all(
      ["", "-wal"].map((end) =>
        stat(this.#db.file + end).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return { documents, bytes: sizes.reduce((sum, size) => sum + size) };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#queue.close();
    await this.#log.close();
    // The last process to close the file empties its log and removes it.
    this.#db.close();
  }

  /** In one snapshot, in bounded time. */
  #asked<T>(work: () => T): Promise<T> {
    return this.#reading(() => this.#db.snapshot(() => this.#db.within(work)));
  }

  async #reading<T>(work: () => T): Promise<T> {
    await fairTurn();
    if (this.#isClosed) throw unavailable("The store is closed.");
    return this.#db.whenFree(work);
  }
}

const isLight = (step: Write): boolean => step.op === "emit" && step.isLight === true;

interface StoredRow {
  id: string;
  version: number;
  updated: number;
  method: number;
  json: string | null;
  author?: string | null;
}

/** A row as the world sees it; what has moved away is not there. */
function stored(type: string, row: StoredRow | undefined): StoredResource | undefined {
  if (!row || methodNames[row.method] === "moved") return undefined;
  const { id, version, updated, json, author } = row;
  const method = methodNames[row.method] as StoredResource["method"];
  const found: StoredResource = json === null ? { type, id, version, updated, method } : { type, id, version, updated, method, json };
  if (author) found.author = author;
  return found;
}
