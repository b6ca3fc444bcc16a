/** Reads the version of a database's search values without opening its store, which would rebuild those of another version. */
import { MongoClient } from "mongodb";
import { DATABASE_OPTIONS, type MetaDocument } from "./schema.ts";
import { translate } from "./transaction.ts";

/**
 * @param caFile verifies the server's certificate; absent: the well-known CAs
 * @returns undefined: the service has stored nothing
 * @throws StoreError STORE_UNAVAILABLE
 */
export async function indexVersionInMongo(url: string, database: string, caFile: string | undefined): Promise<string | undefined> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000, ...(caFile !== undefined && { tlsCAFile: caFile }) });
  try {
    await client.connect();
    const known = await client.db(database, DATABASE_OPTIONS).collection<MetaDocument>("meta").findOne({ _id: "index version" });
    return typeof known?.value === "string" ? known.value.replace(/ with text$/, "") : undefined;
  } catch (error) {
    throw translate(error);
  } finally {
    await client.close();
  }
}
