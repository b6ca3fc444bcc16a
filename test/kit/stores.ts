/** The stores for tests that run on all of them. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { MongoClient } from "mongodb";
import { openMongo } from "../../store/mongo/mongo-store.ts";
import type { SearchLimits } from "../../store/sqlite/search-statement.ts";
import { openSqlite, openSqliteWithThread } from "../../store/sqlite/sqlite-store.ts";
import type { Store, StoreOptions } from "../../store/store.ts";
import { type Server, startMongo } from "../../scripts/servers.mjs";
import { named } from "./resources.ts";

export interface StoreKit {
  name: string;
  /** Starts what the store needs; before the first `open`. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Opens the store with its data in `folder`; with the same folder again, the same data.
   * @param limits SQLite only: for query plans of many rows with few
   */
  open(folder: string, options?: Partial<StoreOptions>, limits?: SearchLimits): Promise<Store>;
  /** Deletes what was stored under `folder`. */
  clear(folder: string): Promise<void>;
  /** Number of random cases of a property: the stand-in for MongoDB is slow. */
  runs: number;
  /** Code for another process that opens the same data as `store`. */
  opener(folder: string): string;
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "openward-store-"));

const defaults: StoreOptions = { name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }) };
const storeModule = (kind: string): string => JSON.stringify(join(import.meta.dirname, "../../store", kind, `${kind}-store.ts`));
const openerOf = (name: "openSqlite" | "openMongo", kind: string, place: object): string => `
  const { ${name} } = await import(${storeModule(kind)});
  const store = await ${name}({ name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), ...${JSON.stringify(place)} });`;

export const sqliteKit: StoreKit = {
  name: "SQLite",
  runs: 150,
  async start() {},
  async stop() {},
  async open(folder, options, limits) {
    await mkdir(folder, { recursive: true });
    return openSqlite({ ...defaults, ...options, file: join(folder, "store.sqlite"), ...(limits && { limits }) });
  },
  clear: (folder) => rm(folder, { recursive: true, force: true }),
  opener: (folder) => openerOf("openSqlite", "sqlite", { file: join(folder, "store.sqlite") }),
};

/** Its writes are made by a thread, as in a process that runs all services. */
export const threadKit: StoreKit = {
  ...sqliteKit,
  name: "SQLite, writing in a thread",
  async open(folder, options, limits) {
    await mkdir(folder, { recursive: true });
    return openSqliteWithThread({ ...defaults, ...options, file: join(folder, "store.sqlite"), ...(limits && { limits }) });
  },
};

let server: Server | undefined;
let serverFolder = "";
let client: MongoClient | undefined;

/** A real MongoDB if MONGO_URL names one, else its stand-in. */
export const mongoKit: StoreKit & { url(): string } = {
  url: () => mongoUrl(),
  name: "MongoDB",
  runs: 15,
  async start() {
    if (!process.env.MONGO_URL) {
      serverFolder = await temporaryFolder();
      server = await startMongo({ dir: serverFolder });
    }
    client = await new MongoClient(mongoUrl()).connect();
  },
  async stop() {
    await client?.close();
    await server?.stop();
    if (serverFolder) await rm(serverFolder, { recursive: true, force: true });
  },
  open: (folder, options) => openMongo({ ...defaults, ...options, client: client as MongoClient, database: basename(folder) }),
  async clear(folder) {
    await client?.db(basename(folder)).dropDatabase();
    await rm(folder, { recursive: true, force: true });
  },
  opener: (folder) => openerOf("openMongo", "mongo", { url: mongoUrl(), database: basename(folder) }),
};

const mongoUrl = (): string => process.env.MONGO_URL ?? server?.url ?? "";

export const stores: StoreKit[] = [sqliteKit, threadKit, mongoKit];

/** The store of the running test, and the folder of its data, with which a test may open it again. */
export interface FreshStore {
  store: Store;
  folder: string;
}

/** Inside a `describe`: a fresh store for each test, as `opened.store`; its server runs from the first test to the last. */
export function freshStore(kit: StoreKit, options?: Partial<StoreOptions>): FreshStore {
  const opened = {} as FreshStore;
  beforeAll(() => kit.start());
  afterAll(() => kit.stop());
  beforeEach(async () => {
    opened.folder = await temporaryFolder();
    opened.store = await kit.open(opened.folder, options);
  });
  afterEach(async () => {
    await opened.store.close();
    await kit.clear(opened.folder);
  });
  return opened;
}

/** Ids of the patients with this name, in order of creation. */
export async function idsNamed(store: Store, name: string): Promise<string[]> {
  const { rows } = await store.search({ type: "Patient", clauses: [named(name)], sort: [], limit: 100, want: "ids" });
  return rows.map(({ id }) => id);
}
