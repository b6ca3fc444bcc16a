/** moleculer-db-adapter-mongo on the current driver. */
import type { Service, ServiceBroker } from "moleculer";
import MongoDbAdapter from "moleculer-db-adapter-mongo";
import { type Collection, type Db, type Document, MongoClient, type MongoClientOptions, ObjectId } from "mongodb";
import type { StoreAdapter } from "../adapter.ts";
import { openMongo } from "./store.ts";
import { type Store, type StoreOptions, unavailable } from "../store.ts";

/** How long a server may take to be found, milliseconds. */
const SERVER_SELECTION_MS = 5_000;

/** What the adapter's own types leave out. */
interface Legacy {
  uri: string;
  opts: MongoClientOptions;
  dbName: string;
  broker: ServiceBroker;
  service: Service;
  client: MongoClient | undefined;
  db: Db;
  // biome-ignore lint/suspicious/noExplicitAny: a service's own documents have any shape, and any kind of _id
  collection: Collection<any>;
  init(broker: ServiceBroker, service: Service): void;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  find(filters: Document): Promise<Document[]>;
  findById(id: string): Promise<Document | null>;
  count(filters?: Document): Promise<number>;
  updateMany(query: Document, update: Document): Promise<number>;
  clear(): Promise<number>;
  insert(entity: Document): Promise<Document>;
  insertMany(entities: Document[]): Promise<Document[]>;
  updateById(id: string, update: Document): Promise<Document | null>;
  removeById(id: string): Promise<Document | null>;
  stringToObjectID(id: unknown): unknown;
  objectIDToString(id: unknown): unknown;
}

const Adapter = MongoDbAdapter as unknown as new (uri: string, options: MongoClientOptions, dbName: string) => Legacy;

/**
 * The adapter was written for driver 3, whose `ops`, `value`, `returnOriginal`, `ObjectID` and database events are gone. What used
 * them is replaced here; find, count, updateMany, removeMany and the rest are the adapter's own.
 */
export class MongoAdapter extends Adapter implements StoreAdapter {
  openWard: Store | undefined;
  readonly #options: StoreOptions;

  constructor(url: string, database: string, options: StoreOptions) {
    super(url, { serverSelectionTimeoutMS: SERVER_SELECTION_MS }, database);
    this.#options = options;
  }

  /** Without a `collection` in its schema a service has no collection beside its FHIR resources. */
  override init(broker: ServiceBroker, service: Service): void {
    this.broker = broker;
    this.service = service;
  }

  override async connect(): Promise<void> {
    this.client = new MongoClient(this.uri, this.opts);
    try {
      await this.client.connect();
    } catch (error) {
      throw unavailable("MongoDB (MONGO_URL) does not answer: is it running, and may this machine reach it?", error);
    }
    this.db = this.client.db(this.dbName);
    const collection: string | undefined = (this.service.schema as { collection?: string }).collection;
    if (collection) this.collection = this.db.collection(collection);
    this.openWard = await openMongo({ ...this.#options, client: this.client, database: this.dbName });
  }

  override async disconnect(): Promise<void> {
    await this.openWard?.close();
    this.openWard = undefined;
    await this.client?.close();
  }

  override async insert(entity: Document): Promise<Document> {
    const { insertedId } = await this.collection.insertOne(entity);
    return { ...entity, _id: insertedId };
  }

  override async insertMany(entities: Document[]): Promise<Document[]> {
    const { insertedIds } = await this.collection.insertMany(entities);
    return entities.map((entity, i) => ({ ...entity, _id: insertedIds[i] }));
  }

  override updateById(id: string, update: Document): Promise<Document | null> {
    return this.collection.findOneAndUpdate({ _id: this.stringToObjectID(id) }, update, { returnDocument: "after" });
  }

  override removeById(id: string): Promise<Document | null> {
    return this.collection.findOneAndDelete({ _id: this.stringToObjectID(id) });
  }

  override stringToObjectID(id: unknown): unknown {
    return typeof id === "string" && id.length === 24 && ObjectId.isValid(id) ? ObjectId.createFromHexString(id) : id;
  }

  override objectIDToString(id: unknown): unknown {
    return id instanceof ObjectId ? id.toHexString() : id;
  }
}
