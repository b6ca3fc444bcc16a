/**
 * The store as a moleculer-db adapter. `openWard` is what the adapters add to moleculer-db's interface: compare-and-set, keyset
 * pages, unique keys, prepared writes. Services use it as `this.store`; a call to it passes through nothing of moleculer-db.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Service, ServiceBroker } from "moleculer";
import type { Config } from "../config.ts";
import { NAMESPACE } from "../config.ts";
import { unavailable } from "./sqlite/database.ts";
import { openSqlite } from "./sqlite.ts";
import type { Store, StoreOptions } from "./store.ts";

/** Where the stores of this machine are. */
export type StoreConfig = Pick<Config, "dataDir" | "mongoUrl" | "natsUrl">;

/**
 * Memory for a file's pages when all services are one process, KiB. At 210,000 resources writing keeps 0.95 of its first
 * rate with it, and 0.81-0.88 with half of it.
 */
const CACHE_ALONE = 16_384;
/** The same for a process that is one of a dozen, and is kept small. */
const CACHE_AMONG_MANY = 6_144;

/** The part of moleculer-db's adapter interface that opens and closes. */
export interface StoreAdapter {
  init(broker: ServiceBroker, service: Service): void;
  /** @throws StoreError STORE_UNAVAILABLE with the reason as its message */
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Open between `connect` and `disconnect`. */
  openWard: Store | undefined;
}

/** One SQLite file per service, `dataDir/NAME.sqlite`. */
export class SqliteAdapter implements StoreAdapter {
  openWard: Store | undefined;
  readonly #dataDir: string;
  readonly #cacheKib: number;
  readonly #options: StoreOptions;

  constructor({ dataDir, natsUrl }: StoreConfig, options: StoreOptions) {
    this.#dataDir = dataDir;
    this.#cacheKib = natsUrl ? CACHE_AMONG_MANY : CACHE_ALONE;
    this.#options = options;
  }

  init(): void {}

  async connect(): Promise<void> {
    try {
      await mkdir(this.#dataDir, { recursive: true });
    } catch (error) {
      throw unavailable(`The folder ${this.#dataDir} cannot be made: choose another DATA_DIR or give this user write permission.`, error);
    }
    this.openWard = await openSqlite({
      ...this.#options,
      file: join(this.#dataDir, `${this.#options.name}.sqlite`),
      cacheKib: this.#cacheKib,
    });
  }

  async disconnect(): Promise<void> {
    await this.openWard?.close();
    this.openWard = undefined;
  }
}

/** The adapter that the settings ask for. The MongoDB driver is loaded only when it is wanted: it costs 13 MB. */
export async function adapterFor(config: StoreConfig, options: StoreOptions): Promise<StoreAdapter> {
  if (!config.mongoUrl) return new SqliteAdapter(config, options);
  const { MongoAdapter } = await import("./mongo-adapter.ts");
  return new MongoAdapter(config.mongoUrl, databaseName(config.mongoUrl, options.name), options);
}

/** One database per service. A database in the URL is the prefix, so that several meshes can share a server. */
export function databaseName(mongoUrl: string, service: string): string {
  const prefix = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(mongoUrl)?.[1] ?? NAMESPACE;
  return `${prefix}_${service}`;
}
