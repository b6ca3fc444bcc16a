/**
 * `Collections({ anomalies: { indexes: ["at"] } })` → `this.collections.anomalies`: collections of plain documents, for what a service
 * stores that is not a FHIR resource. They are kept in SQLite or MongoDB, as configured, opened before the service's own `started` and
 * closed after its `stopped`. No actions are published for them: moleculer-db's actions would take raw queries from any caller.
 */
import type { Service, ServiceSchema } from "moleculer";
import { readConfig } from "../mesh/config.ts";
import { keyedCall, notKeyable } from "../mesh/keyed-request.ts";
import type { StoreConfig } from "../store/open-store.ts";
import type { Collection, CollectionOptions, Document } from "../store/documents/documents.ts";
import type { DocumentAdapter } from "../store/documents/document-adapter.ts";
import { type DocumentDatabase, documentDatabase } from "../store/documents/open-documents.ts";

/** How often expired documents are removed, milliseconds. */
const SWEEP_MS = 600_000;

/** What the mixin adds to `this`: each collection by its name. */
export interface WithCollections<Documents extends Record<keyof Documents, Document>> {
  collections: { [Name in keyof Documents]: Collection<Documents[Name]> };
}

type This = Service & {
  collections: Record<string, Collection<Document>>;
  documentDatabase: DocumentDatabase;
  documentSweep: NodeJS.Timeout | undefined;
};

/**
 * @param collections options of each collection, by name
 * @param config default: the settings of the process (DATA_DIR, MONGO_URL)
 */
export function Collections(collections: Record<string, CollectionOptions>, config?: StoreConfig): Partial<ServiceSchema> {
  const own: Partial<ServiceSchema> & ThisType<This> = {
    async started() {
      this.documentDatabase = documentDatabase(config ?? readConfig(), this.name);
      this.collections = {};
      for (const [name, options] of Object.entries(collections)) {
        const adapter = this.documentDatabase.collection(name, options);
        adapter.init(this.broker, this);
        await adapter.connect();
        this.collections[name] = collectionOn(adapter);
      }
      const sweep = async (): Promise<void> => {
        for (const [name, { expiresAt }] of Object.entries(collections)) {
          if (expiresAt) await this.collections[name]?.removeMany({ [expiresAt]: { $lt: Date.now() } } as object);
        }
      };
      const sweepOrWarn = () =>
        void sweep().catch((error: Error) => {
          // The next start goes on.
          if (this.documentSweep !== undefined) this.logger.warn(`Expired documents stay: ${error.message}`);
        });
      sweepOrWarn();
      this.documentSweep = setInterval(sweepOrWarn, SWEEP_MS).unref();
    },

    async stopped() {
      clearInterval(this.documentSweep);
      this.documentSweep = undefined;
      await this.documentDatabase?.close();
    },
  };
  return own;
}

const collectionOn = <Of extends Document>(adapter: DocumentAdapter<Of>): Collection<Of> => ({
  find: (find) => adapter.find(find),
  findOne: (query) => adapter.findOne(query),
  count: (query) => adapter.count(query ? { query } : {}),
  insert: (document) => atOnce(() => adapter.insert(document)),
  updateMany: (query, update) => atOnce(() => adapter.updateMany(query, update)),
  removeMany: (query) => atOnce(() => adapter.removeMany(query)),
});

/** @throws 501 for a request with an Idempotency-Key: a document cannot be prepared and committed with the request's answer */
async function atOnce<Result>(write: () => Promise<Result>): Promise<Result> {
  if (keyedCall()) throw notKeyable();
  return write();
}
