/** Collections of documents for a test, in SQLite files of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documentDatabase, type DocumentDatabase } from "../../store/documents/open-documents.ts";
import type { Collection, Document } from "../../store/documents/documents.ts";

/** Inside a `describe`: creates collections, which are deleted after its tests. */
export function collections(): <Of extends Document>(name: string) => Promise<Collection<Of>> {
  const folder = mkdtempSync(join(tmpdir(), "openward-collection-"));
  const databases: DocumentDatabase[] = [];
  afterAll(async () => {
    for (const database of databases) await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return async <Of extends Document>(name: string): Promise<Collection<Of>> => {
    const database = documentDatabase({ dataDir: folder }, name);
    databases.push(database);
    const adapter = database.collection<Of>("documents");
    await adapter.connect();
    return {
      find: (find) => adapter.find(find),
      findOne: (query) => adapter.findOne(query),
      count: (query) => adapter.count(query ? { query } : {}),
      insert: (document) => adapter.insert(document),
      updateMany: (query, update) => adapter.updateMany(query, update),
      removeMany: (query) => adapter.removeMany(query),
    };
  };
}
