/** Opens a service's store: a SQLite file of its own, or its MongoDB database where MONGO_URL is set. */
import { join } from "node:path";
import { type Config, NAMESPACE } from "../mesh/config.ts";
import { ensureFolder } from "../mesh/ensure-folder.ts";
import { keepingRoom } from "./disk-room.ts";
import { openSqlite, openSqliteWithThread } from "./sqlite/sqlite-store.ts";
import type { Store, StoreOptions } from "./store.ts";
import { unavailable } from "./store-error.ts";

/** The settings that say where this machine's stores are. */
export type StoreConfig = Pick<Config, "dataDir" | "mongoUrl" | "serversCaFile">;

/**
 * @param how.writesInThread a thread makes the writes to a SQLite file
 * @throws StoreError STORE_UNAVAILABLE with a sentence for the operator as its message
 */
export async function openStore(
  config: StoreConfig,
  options: StoreOptions,
  { writesInThread = false }: { writesInThread?: boolean } = {},
): Promise<Store> {
  const { mongoUrl, dataDir, serversCaFile: caFile } = config;
  if (mongoUrl) {
    const { openMongo } = await import("./mongo/mongo-store.ts"); // the driver costs 13 MB
    const place = { url: mongoUrl, database: databaseName(mongoUrl, options.name), ...(caFile !== undefined && { caFile }) };
    return openMongo({ ...options, ...place }).catch((error: unknown) => {
      throw unavailable("MongoDB (MONGO_URL) does not answer: is it running, and may this machine reach it?", error);
    });
  }
  makeFolder(dataDir);
  const file = join(dataDir, `${options.name}.sqlite`);
  const open = writesInThread ? openSqliteWithThread : openSqlite;
  return keepingRoom(await open({ ...options, file }), dataDir);
}

/** Makes the data folder. @throws StoreError STORE_UNAVAILABLE */
export function makeFolder(dataDir: string): void {
  try {
    ensureFolder(dataDir);
  } catch (error) {
    throw unavailable(`The folder ${dataDir} cannot be made: choose another DATA_DIR or give this user write permission.`, error);
  }
}

/** One database per service. A database in the URL is the prefix, so that several meshes can share a server. */
export function databaseName(mongoUrl: string, service: string): string {
  const prefix = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(mongoUrl)?.[1] ?? NAMESPACE;
  return `${prefix}_${service}`;
}
