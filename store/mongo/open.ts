/** Prepares a database: its collections, their indexes, and search values of the present meaning. */
import { type Db, MongoServerError } from "mongodb";
import type { StoreOptions } from "../store.ts";
import { type Collections, collectionsOf, formerIndexes, indexes, indexFields } from "./schema.ts";
import { indexWords, wordsFields } from "./word-fields.ts";

const REINDEX_BATCH = 200;

/** @returns hasWords: whether full text can be searched */
export async function openCollections(db: Db, options: StoreOptions): Promise<{ collections: Collections; hasWords: boolean }> {
  const collections = collectionsOf(db);
  const existing = new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
  for (const name of Object.keys(collections) as (keyof Collections)[]) {
    // Not every server lets a transaction create a collection. Another process may have created it a moment ago.
    if (!existing.has(name)) await db.createCollection(name).catch(ignoreExisting);
    const wanted = indexes[name];
    if (wanted) await db.collection(name).createIndexes(wanted);
    for (const former of formerIndexes[name] ?? []) {
      if (existing.has(name)) await db.collection(name).dropIndex(former).catch(ignoreMissing);
    }
  }
  const hasWords = options.text !== undefined && (await indexWords(collections.resource));
  await rebuild(collections, options, hasWords);
  return { collections, hasWords };
}

/** Rebuilds the search values of living resources, in batches that record their end. */
async function rebuild({ meta, resource }: Collections, options: StoreOptions, hasWords: boolean): Promise<void> {
  const indexVersion = options.indexVersion + (hasWords ? " with text" : "");
  const fields = (json: string) => ({
    ...indexFields(options.reindex(json)),
    ...(hasWords && options.text && wordsFields(options.text(json))),
  });
  const noted = async (key: string): Promise<string | number | undefined> => (await meta.findOne({ _id: key }))?.value;
  const set = (key: string, value: string | number) => meta.updateOne({ _id: key }, { $set: { value } }, { upsert: true });
  if ((await noted("index version")) === indexVersion) return;
  if ((await noted("reindexing to")) !== indexVersion) {
    await set("reindexed up to", 0);
    await set("reindexing to", indexVersion);
  }
  for (;;) {
    const from = (await noted("reindexed up to")) ?? 0;
    const batch = await resource
      .find({ seq: { $gt: from as number } })
      .sort({ seq: 1 })
      .limit(REINDEX_BATCH)
      .toArray();
    const writes = batch
      .filter(({ living, json }) => living && json !== undefined)
      .map(({ _id, version, json }) => ({
        updateOne: { filter: { _id, version }, update: { $set: fields(json as string) } },
      }));
    if (writes.length > 0) await resource.bulkWrite(writes, { ordered: false });
    const last = batch.at(-1)?.seq;
    if (last === undefined) break;
    await set("reindexed up to", last);
  }
  await set("index version", indexVersion);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof MongoServerError && error.codeName === "IndexNotFound")) throw error;
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof MongoServerError && error.codeName === "NamespaceExists")) throw error;
}
