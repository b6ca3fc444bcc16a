/** A collection of documents in a SQLite file, behind moleculer-db's adapter interface. */
import { WriteQueue } from "../sqlite/commit-queue.ts";
import type { Database } from "../sqlite/database.ts";
import { LogFlush } from "../sqlite/log-flush.ts";
import {
  boundsOf,
  checkedUpdate,
  type CollectionOptions,
  type Document,
  DuplicateKey,
  type Find,
  idQuery,
  memberName,
  type Query,
  type Update,
} from "./documents.ts";
import { DocumentAdapter } from "./document-adapter.ts";
import { memberSql, whereSql } from "./sqlite-query.ts";

/** SQLite's extended result codes for a violated UNIQUE index or primary key. */
const UNIQUE_VIOLATIONS = new Set([2067, 1555]);

/**
 * One table, `doc_NAME`, with an index for each member that the options name. Several processes may use the file at once. A write is atomic,
 * and committed when it resolves.
 */
export class SqliteDocuments<Of extends Document = Document> extends DocumentAdapter<Of> {
  readonly #open: () => Promise<Database>;
  readonly #table: string;
  readonly #options: CollectionOptions;
  #db: Database | undefined;

  /** @param open returns the opened file, the same one for all collections of a service */
  constructor(open: () => Promise<Database>, name: string, options: CollectionOptions = {}) {
    super();
    this.#open = open;
    this.#table = `doc_${memberName(name)}`;
    this.#options = options;
  }

  async connect(): Promise<void> {
    const db = await this.#open();
    const table = this.#table;
    const { unique = [], indexes = [], expiresAt } = this.#options;
    await db.whenFree(() => {
      db.exec(`CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID`);
      for (const name of unique) db.exec(`CREATE UNIQUE INDEX IF NOT EXISTS ${table}_u_${name} ON ${table} (${memberSql(name)})`);
      for (const name of [...indexes, ...(expiresAt ? [expiresAt] : [])]) {
        db.exec(`CREATE INDEX IF NOT EXISTS ${table}_${name} ON ${table} (${memberSql(name)})`);
      }
    });
    this.#db = db;
  }

  async disconnect(): Promise<void> {
    this.#db = undefined;
  }

  /** @throws RangeError for an invalid query or invalid bounds */
  async find(find: Find<Of> = {}): Promise<Of[]> {
    const where = whereSql(find.query ?? {});
    const { limit, offset } = boundsOf(find);
    const order = [...(find.sort ?? []), "_id"].map((name) =>
      name.startsWith("-") ? `${memberSql(name.slice(1))} DESC` : memberSql(name),
    );
    const text = `SELECT json FROM ${this.#table} WHERE ${where.text} ORDER BY ${order.join(", ")} LIMIT ? OFFSET ?`;
    const rows = await this.#run((db) => db.all<{ json: string }>(text, ...where.values, limit, offset));
    return rows.map(({ json }) => JSON.parse(json) as Of);
  }

  /** Moleculer-db passes the query inside its filters. */
  async count({ query = {} }: { query?: Query<Of> } = {}): Promise<number> {
    const where = whereSql(query);
    const found = await this.#run((db) =>
      db.one<{ n: number }>(`SELECT count(*) AS n FROM ${this.#table} WHERE ${where.text}`, ...where.values),
    );
    return found.n;
  }

  /** @throws DuplicateKey */
  async insert(document: Of): Promise<Of> {
    await this.#write((db) => db.run(`INSERT INTO ${this.#table} VALUES (?, ?)`, document._id, JSON.stringify(document)));
    return document;
  }

  /** Inserts all or none. @throws DuplicateKey */
  async insertMany(documents: Of[]): Promise<Of[]> {
    await this.#write((db) => {
      for (const one of documents) db.run(`INSERT INTO ${this.#table} VALUES (?, ?)`, one._id, JSON.stringify(one));
    });
    return documents;
  }

  /** Changes all documents in one atomic step. @returns the number of changed documents @throws DuplicateKey */
  async updateMany(query: Query<Of>, update: Update<Of>): Promise<number> {
    const where = whereSql(query);
    checkedUpdate(update);
    return this.#write((db) => {
      const rows = db.all<{ json: string }>(`SELECT json FROM ${this.#table} WHERE ${where.text}`, ...where.values);
      for (const { json } of rows) {
        const changed = updated(JSON.parse(json) as Of, update);
        db.run(`UPDATE ${this.#table} SET json = ? WHERE id = ?`, JSON.stringify(changed), changed._id);
      }
      return rows.length;
    });
  }

  async removeMany(query: Query<Of>): Promise<number> {
    const where = whereSql(query);
    return this.#write((db) => Number(db.prepare(`DELETE FROM ${this.#table} WHERE ${where.text}`).run(...where.values).changes));
  }

  async removeById(id: string): Promise<Of | null> {
    const found = await this.findById(id);
    return found && (await this.removeMany(idQuery(id))) === 1 ? found : null;
  }

  #run<Result>(work: (db: Database) => Result): Promise<Result> {
    const db = this.#db;
    if (!db) throw new Error(`${this.#table} is not open.`);
    return turnsOf(db).log.reading(() => work(db));
  }

  /** Concurrent writes share a commit. */
  async #write<Result>(work: (db: Database) => Result): Promise<Result> {
    const db = this.#db;
    if (!db) throw new Error(`${this.#table} is not open.`);
    const written = await turnsOf(db).queue.add(() => alone(db, work), 0, 0);
    if ("duplicate" in written) throw written.duplicate;
    return written.result;
  }
}

/** The write queue of a file, and its flushes. */
interface Turns {
  queue: WriteQueue;
  log: LogFlush;
}

const turns = new WeakMap<Database, Turns>();
const NO_HOOKS = { begun() {}, finish() {}, rolledBack() {} };

/** Those of a file, shared by all of its collections. */
function turnsOf(db: Database): Turns {
  const known = turns.get(db);
  if (known) return known;
  const log = new LogFlush(db);
  const made = { queue: new WriteQueue(db, log, NO_HOOKS), log };
  turns.set(db, made);
  return made;
}

/** Finishes the pending writes and closes the file. */
export async function closeSqlite(db: Database): Promise<void> {
  const { queue, log } = turnsOf(db);
  await queue.close();
  await log.close();
  db.close();
}

/** One write inside a transaction that it shares with others: it leaves no trace if it violates a unique key. */
function alone<Result>(db: Database, work: (db: Database) => Result): { result: Result } | { duplicate: DuplicateKey } {
  db.run("SAVEPOINT document");
  try {
    const result = work(db);
    db.run("RELEASE document");
    return { result };
  } catch (error) {
    if (!UNIQUE_VIOLATIONS.has((error as { errcode?: number }).errcode ?? 0)) throw error;
    db.run("ROLLBACK TO document");
    db.run("RELEASE document");
    return { duplicate: new DuplicateKey(/_u_(\w+)/.exec((error as Error).message)?.[1] ?? "_id") }; // the message names the index
  }
}

/** The document after an update. @throws RangeError for a `$inc` of a value that is not a number */
function updated<Of extends Document>(document: Of, { $set = {}, $inc = {}, $unset = {} }: Update<Of>): Of {
  const next: Record<string, unknown> = { ...document, ...$set };
  for (const [name, by] of Object.entries($inc)) {
    const before = next[name] ?? 0;
    if (typeof before !== "number") throw new RangeError(`${name} is no number.`);
    next[name] = before + (by as number);
  }
  for (const name of Object.keys($unset)) delete next[name];
  return { ...next, _id: document._id } as Of;
}
