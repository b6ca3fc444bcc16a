/** Which of the two stores a service has: SQLite, or MongoDB where MONGO_URL is set. */
import { NAMESPACE } from "../mesh/config.ts";
import type { StoreAdapter, StoreConfig } from "./adapter.ts";
import { SqliteAdapter } from "./sqlite/adapter.ts";
import type { StoreOptions } from "./store.ts";

/** The adapter that the settings ask for. The MongoDB driver is loaded only when it is wanted: it costs 13 MB. */
export async function adapterFor(config: StoreConfig, options: StoreOptions): Promise<StoreAdapter> {
  if (!config.mongoUrl) return new SqliteAdapter(config, options);
  const { MongoAdapter } = await import("./mongo/adapter.ts");
  return new MongoAdapter(config.mongoUrl, databaseName(config.mongoUrl, options.name), options);
}

/** One database per service. A database in the URL is the prefix, so that several meshes can share a server. */
export function databaseName(mongoUrl: string, service: string): string {
  const prefix = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(mongoUrl)?.[1] ?? NAMESPACE;
  return `${prefix}_${service}`;
}
