/** Versions, newest first. Current and older ones are in two collections, each read in the wanted order. */
import type { Document, Filter, Sort } from "mongodb";
import type { HistoryQuery, StoredResource } from "../store.ts";
import { compareText } from "../../fhir/search/text-order.ts";
import type { Collections, HistoryDocument, ResourceDocument } from "./schema.ts";

const DEFAULT_MAX_BYTES = 4_000_000;

type Version = Pick<HistoryDocument, "_id" | "type" | "id" | "version" | "updated" | "method" | "json" | "author"> & { isCurrent: boolean };

/** One page of versions, newest first; `more`: there are older ones. */
export async function readHistory(collections: Collections, query: HistoryQuery): Promise<{ versions: StoredResource[]; more: boolean }> {
  const filter = filterOf(query);
  // No version of a resource is older than the one before it: its own index has them in order.
  const sort = (query.id === undefined ? { updated: -1, type: -1, id: -1, version: -1 } : { version: -1 }) as Sort;
  const options = { projection: { keys: 0, ranges: 0, json: 0 } };
  const [current, older] = await Promise.all([
    collections.resource
      .find(filter as Filter<ResourceDocument>, options)
      .sort(sort)
      .limit(query.limit + 1)
      .toArray(),
    collections.history
      .find(filter as Filter<HistoryDocument>, options)
      .sort(sort)
      .limit(query.limit + 1)
      .toArray(),
  ]);
  const places: Version[] = [...current.map((one) => ({ ...one, isCurrent: true })), ...older.map((one) => ({ ...one, isCurrent: false }))];
  places.sort((a, b) => b.updated - a.updated || -compareText(a.type, b.type) || -compareText(a.id, b.id) || b.version - a.version);
  const texts = await textsOf(collections, places.slice(0, query.limit));

  const versions: StoredResource[] = [];
  let bytes = 0;
  for (const { type, id, version, updated, method, author } of places.slice(0, query.limit)) {
    const json = texts.get(`${type}/${id}/${version}`);
    bytes += json === undefined ? 0 : Buffer.byteLength(json);
    if (versions.length > 0 && bytes > (query.maxBytes ?? DEFAULT_MAX_BYTES)) break;
    const known = { ...(json !== undefined && { json }), ...(author !== undefined && { author }) };
    versions.push({ type, id, version, updated, method: method as StoredResource["method"], ...known });
  }
  return { versions, more: places.length > versions.length };
}

/** JSON by `Type/id/version`. A version that was current when its place was read may be in the history now. */
async function textsOf({ resource, history }: Collections, places: Version[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const refs = places.filter(({ isCurrent }) => isCurrent).map(({ _id }) => _id);
  const names = places.map(({ type, id, version }) => `${type}/${id}/${version}`);
  for (const { type, id, version, json } of await resource.find({ _id: { $in: refs } }, { projection: { keys: 0, ranges: 0 } }).toArray()) {
    if (json !== undefined) texts.set(`${type}/${id}/${version}`, json);
  }
  const rest = names.filter((name) => !texts.has(name));
  for (const { _id, json } of await history.find({ _id: { $in: rest } }).toArray()) if (json !== undefined) texts.set(_id, json);
  return texts;
}

function filterOf({ type, id, since, until, before }: HistoryQuery): Document {
  const filter: Document = { method: { $in: ["create", "update", "delete"] } };
  if (type !== undefined) filter.type = type;
  if (id !== undefined) filter.id = id;
  const updated: Document = {};
  if (since !== undefined) updated.$gte = since;
  if (until !== undefined) updated.$lte = until;
  if (before && before.type === type && before.id === id) filter.version = { $lt: before.version };
  else if (before) {
    const { updated: at } = before;
    updated.$lte = Math.min(at, until ?? at);
    filter.$or = [
      { updated: { $lt: at } },
      { updated: at, type: { $lt: before.type } },
      { updated: at, type: before.type, id: { $lt: before.id } },
      { updated: at, type: before.type, id: before.id, version: { $lt: before.version } },
    ];
  }
  if (Object.keys(updated).length > 0) filter.updated = updated;
  return filter;
}
