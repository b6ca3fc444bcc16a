/**
 * The store of one service in one MongoDB database, which any number of processes may share. A write is one MongoDB transaction;
 * a prepared write leaves no transaction open, only documents that lock what it will change.
 * Its parts are in `store-*.ts` beside this file; SQLite's have the same names.
 */
import { MongoClient } from "mongodb";
import type { Store } from "../store.ts";
import { openCollections } from "./open.ts";
import { type MongoOptions, OpenDatabase } from "./open-database.ts";
import { DATABASE_OPTIONS } from "./schema.ts";
import { eventsOf } from "./store-events.ts";
import { readsOf } from "./store-reads.ts";
import { searchesOf } from "./store-searches.ts";
import { valuesOf } from "./store-values.ts";
import { writesOf } from "./store-writes.ts";
import { translate } from "./transaction.ts";

/** @throws StoreError STORE_UNAVAILABLE when the server cannot be reached */
export async function openMongo(options: MongoOptions): Promise<Store> {
  const own = options.client
    ? undefined
    : new MongoClient(options.url ?? "", {
        serverSelectionTimeoutMS: 5_000,
        ...(options.caFile !== undefined && { tlsCAFile: options.caFile }),
      });
  try {
    const client = await (options.client ?? own)?.connect();
    const db = (client as MongoClient).db(options.database, DATABASE_OPTIONS);
    const database = new OpenDatabase(client as MongoClient, own, db, await openCollections(db, options), options);
    return {
      ...readsOf(database),
      ...searchesOf(database),
      ...writesOf(database),
      ...eventsOf(database),
      ...valuesOf(database),
      ...wholeOf(database),
    };
  } catch (error) {
    await own?.close();
    throw translate(error);
  }
}

/** The operations on the database as a whole. */
const wholeOf = (database: OpenDatabase): Pick<Store, "changes" | "waiting" | "stats" | "close"> => ({
  /** Undefined: only a question to the server would tell whether another process has written. */
  changes: () => undefined,

  waiting(): number {
    return database.running.size;
  },

  stats(): Promise<{ documents: Record<string, number>; bytes: number }> {
    return database.run(async () => {
      const types = await database.collections.resource.distinct("type", { living: true });
      const documents: Record<string, number> = {};
      for (const type of types.sort()) documents[type] = await database.search.count(type, []);
      const { storageSize = 0, indexSize = 0 } = await database.db.stats();
      return { documents, bytes: storageSize + indexSize };
    });
  },

  async close(): Promise<void> {
    if (database.isClosed) return;
    database.isClosed = true;
    await Promise.allSettled(database.running);
    await database.sessions.close();
    await database.own?.close();
  },
});
