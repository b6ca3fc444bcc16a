/** A service's database of documents: `NAME.documents.sqlite` in the data folder, or its MongoDB database if MONGO_URL is set. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { databaseName, makeFolder, type StoreConfig } from "../open-store.ts";
import { DATABASE_OPTIONS } from "../mongo/schema.ts";
import type { Database } from "../sqlite/database.ts";
import { openFile, refuseForeignFile } from "../sqlite/open.ts";
import { APPLICATION_ID } from "../sqlite/schema.ts";
import { unavailable } from "../store-error.ts";
import type { DocumentAdapter } from "./document-adapter.ts";
import type { CollectionOptions, Document } from "./documents.ts";
import { MongoDocuments } from "./mongo-documents.ts";
import { closeSqlite, SqliteDocuments } from "./sqlite-documents.ts";

/** Time limit to find a MongoDB server, milliseconds. */
const SERVER_SELECTION_MS = 5_000;
/** Page cache, KiB: collections are small. */
const CACHE_KIB = 2_048;

/** The database of one service, opened at the first `connect` of a collection. */
export interface DocumentDatabase {
  collection<Of extends Document>(name: string, options?: CollectionOptions): DocumentAdapter<Of>;
  close(): Promise<void>;
}

/** @throws StoreError STORE_UNAVAILABLE when a collection connects, with a sentence that says what to do */
export function documentDatabase(config: StoreConfig, service: string): DocumentDatabase {
  return config.mongoUrl ? mongoDatabase(config.mongoUrl, service, config.serversCaFile) : sqliteDatabase(config.dataDir, service);
}

const fileOf = (dataDir: string, service: string): string => join(dataDir, `${service}.documents.sqlite`);

/** Whether a service certainly has stored no documents; false for MongoDB, which is not asked. */
export const hasNoDocuments = ({ mongoUrl, dataDir }: Pick<StoreConfig, "mongoUrl" | "dataDir">, service: string): boolean =>
  !mongoUrl && !existsSync(fileOf(dataDir, service));

function sqliteDatabase(dataDir: string, service: string): DocumentDatabase {
  const file = shared(() => openDocuments(dataDir, fileOf(dataDir, service)));
  return {
    collection: (name, options) => new SqliteDocuments(file.get, name, options),
    close: () => file.close(closeSqlite),
  };
}

async function openDocuments(dataDir: string, file: string): Promise<Database> {
  makeFolder(dataDir);
  return openFile(file, (db) =>
    db.whenFree(() => {
      const isEmpty = refuseForeignFile(db);
      db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB}`);
      if (isEmpty) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    }),
  );
}

function mongoDatabase(url: string, service: string, tlsCAFile: string | undefined): DocumentDatabase {
  type Client = import("mongodb").MongoClient;
  const connect = async (): Promise<Client> => {
    const { MongoClient } = await import("mongodb"); // 13 MB, loaded only if needed
    try {
      return await new MongoClient(url, {
        serverSelectionTimeoutMS: SERVER_SELECTION_MS,
        ...(tlsCAFile !== undefined && { tlsCAFile }),
      }).connect();
    } catch (error) {
      throw unavailable("MongoDB (MONGO_URL) does not answer: is it running, and may this machine reach it?", error);
    }
  };
  const client = shared(connect);
  const open = async () => (await client.get()).db(databaseName(url, service), DATABASE_OPTIONS);
  return {
    collection: (name, options) => new MongoDocuments(open, name, options),
    close: () => client.close((connected) => connected.close()),
  };
}

/** Opens once, at the first call, and shares the result; after a failure the next call tries again. */
function shared<Thing>(open: () => Promise<Thing>) {
  let opened: Promise<Thing> | undefined;
  return {
    get: (): Promise<Thing> => {
      if (!opened) {
        const opening = open();
        opened = opening;
        opening.catch(() => {
          if (opened === opening) opened = undefined;
        });
      }
      return opened;
    },
    async close(end: (thing: Thing) => unknown): Promise<void> {
      const thing = await opened?.catch(() => undefined);
      opened = undefined;
      if (thing !== undefined) await end(thing);
    },
  };
}
