/** A collection of documents in MongoDB, behind moleculer-db's adapter interface. */
import type { Db, MongoServerError } from "mongodb";
import {
  boundsOf,
  checkedQuery,
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

const DUPLICATE_KEY = 11_000;

/** MongoDB's duplicate key error as DuplicateKey; any other error unchanged. */
function translate(error: unknown): unknown {
  const { code, keyPattern } = error as Partial<MongoServerError>;
  if (code !== DUPLICATE_KEY) return error;
  const [member] = Object.keys((keyPattern as object | undefined) ?? {});
  return new DuplicateKey(member);
}

/** One collection, with an index for each member that the options name. */
export class MongoDocuments<Of extends Document = Document> extends DocumentAdapter<Of> {
  readonly #open: () => Promise<Db>;
  readonly #name: string;
  readonly #options: CollectionOptions;
  #db: Db | undefined;

  /** @param open returns the connected database of the service, the same one for all of its collections */
  constructor(open: () => Promise<Db>, name: string, options: CollectionOptions = {}) {
    super();
    this.#open = open;
    this.#name = memberName(name);
    this.#options = options;
  }

  async connect(): Promise<void> {
    const db = await this.#open();
    const { unique = [], indexes = [], expiresAt } = this.#options;
    const collection = db.collection(this.#name);
    // A partial index, so that documents without the member do not collide.
    for (const name of unique) {
      await collection.createIndex(
        { [name]: 1 },
        { name: `u_${name}`, unique: true, partialFilterExpression: { [name]: { $exists: true } } },
      );
    }
    for (const name of [...indexes, ...(expiresAt ? [expiresAt] : [])]) await collection.createIndex({ [name]: 1 }, { name });
    this.#db = db;
  }

  async disconnect(): Promise<void> {
    this.#db = undefined;
  }

  /** @throws RangeError for invalid bounds */
  async find(find: Find<Of> = {}): Promise<Of[]> {
    const { limit, offset } = boundsOf(find);
    if (limit === 0) return []; // MongoDB takes 0 for no limit
    const sort = [...(find.sort ?? []), "_id"].map((name): [string, 1 | -1] =>
      name.startsWith("-") ? [memberName(name.slice(1)), -1] : [memberName(name), 1],
    );
    // The driver's documents have no type of ours.
    const found = await this.#collection
      .find(checkedQuery(find.query ?? {}) as object)
      .sort(sort)
      .skip(offset)
      .limit(limit)
      .toArray();
    return found as unknown[] as Of[];
  }

  /** Moleculer-db passes the query inside its filters. */
  async count({ query = {} }: { query?: Query<Of> } = {}): Promise<number> {
    return this.#collection.countDocuments(checkedQuery(query) as object);
  }

  /** @throws DuplicateKey */
  async insert(document: Of): Promise<Of> {
    await this.#write(() => this.#collection.insertOne({ ...document } as never));
    return document;
  }

  /** @throws DuplicateKey; the documents before the refused one are stored */
  async insertMany(documents: Of[]): Promise<Of[]> {
    await this.#write(() => this.#collection.insertMany(documents.map((one) => ({ ...one })) as never));
    return documents;
  }

  /** Changes each document atomically. @returns the number of changed documents @throws DuplicateKey */
  async updateMany(query: Query<Of>, update: Update<Of>): Promise<number> {
    const [filter, change] = [checkedQuery(query) as object, checkedUpdate(update) as object];
    const { matchedCount } = await this.#write(() => this.#collection.updateMany(filter, change));
    return matchedCount;
  }

  async removeMany(query: Query<Of>): Promise<number> {
    const { deletedCount } = await this.#collection.deleteMany(checkedQuery(query) as object);
    return deletedCount;
  }

  async removeById(id: string): Promise<Of | null> {
    return (await this.#collection.findOneAndDelete(idQuery(id) as object)) as unknown as Of | null; // as above
  }

  get #collection() {
    if (!this.#db) throw new Error(`${this.#name} is not open.`);
    return this.#db.collection(this.#name);
  }

  async #write<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw translate(error);
    }
  }
}
