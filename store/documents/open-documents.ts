/** A service's database of documents: `NAME.documents.sqlite` in the data folder, or its MongoDB database where MONGO_URL is set. */
import { join } from "node:path";
import { databaseName, makeFolder, type StoreConfig } from "../open-store.ts";
import { Database } from "../sqlite/database.ts";
import { APPLICATION_ID } from "../sqlite/schema.ts";
import { unavailable } from "../store.ts";
import type { CollectionOptions, Document } from "./documents.ts";
import { MongoDocuments } from "./mongo-documents.ts";
import { SqliteDocuments } from "./sqlite-documents.ts";

/** How long a MongoDB server may take to be found, milliseconds. */
const SERVER_SELECTION_MS = 5_000;
/** Memory for pages, KiB: collections are small. */
const CACHE_KIB = 2_048;

/** An adapter of either kind; moleculer-db's interface, and `Collection` of `documents.ts`. */
export type DocumentAdapter<Of extends Document = Document> = SqliteDocuments<Of> | MongoDocuments<Of>;

/** The database of one service, opened at the first `connect` of a collection. */
export interface DocumentDatabase {
  collection<Of extends Document>(name: string, options?: CollectionOptions): DocumentAdapter<Of>;
  close(): Promise<void>;
}

/** @throws StoreError STORE_UNAVAILABLE, when a collection connects, with a sentence that says what to do */
export function documentDatabase(config: StoreConfig, service: string): DocumentDatabase {
  return config.mongoUrl ? mongoDatabase(config.mongoUrl, service) : sqliteDatabase(config.dataDir, service);
}

function sqliteDatabase(dataDir: string, service: string): DocumentDatabase {
  let opened: Promise<Database> | undefined;
  const open = () => {
    opened ??= openFile(dataDir, join(dataDir, `${service}.documents.sqlite`));
    return opened;
  };
  return {
    collection: (name, options) => new SqliteDocuments(open, name, options),
    close: async () => {
      (await opened?.catch(() => undefined))?.close();
      opened = undefined;
    },
  };
}

async function openFile(dataDir: string, file: string): Promise<Database> {
  await makeFolder(dataDir);
  let db: Database;
  try {
    db = new Database(file);
  } catch (error) {
    throw unavailable(`${file} cannot be opened: its folder must exist and be writable.`, error);
  }
  try {
    await db.whenFree(() => {
      const isEmpty = db.one<{ n: number }>("SELECT count(*) AS n FROM sqlite_schema").n === 0;
      if (db.one<{ application_id: number }>("PRAGMA application_id").application_id !== APPLICATION_ID && !isEmpty)
        throw unavailable(`${file} is not a file of OpenWard: move it away or choose another DATA_DIR.`);
      db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -${CACHE_KIB}`);
      if (isEmpty) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function mongoDatabase(url: string, service: string): DocumentDatabase {
  type Client = import("mongodb").MongoClient;
  let client: Promise<Client> | undefined;
  const connect = async (): Promise<Client> => {
    const { MongoClient } = await import("mongodb"); // 13 MB, only where it is wanted
    try {
      return await new MongoClient(url, { serverSelectionTimeoutMS: SERVER_SELECTION_MS }).connect();
    } catch (error) {
      throw unavailable("MongoDB (MONGO_URL) does not answer: is it running, and may this machine reach it?", error);
    }
  };
  const open = async () => {
    client ??= connect();
    return (await client).db(databaseName(url, service));
  };
  return {
    collection: (name, options) => new MongoDocuments(open, name, options),
    close: async () => {
      await (await client?.catch(() => undefined))?.close();
      client = undefined;
    },
  };
}
