/** Counters, and the small durable map for data that is no FHIR resource. */
import { type ClientSession, MongoServerError } from "mongodb";
import { meshTime } from "../../mesh/mesh-time.ts";
import { successor } from "../../fhir/search/text-order.ts";
import { counted } from "../counted.ts";
import type { MapEntry } from "../store.ts";
import { type Collections, MAP_SIZES } from "./schema.ts";

const DUPLICATE_KEY = 11_000;

/** A counter's value; 0 if it was never written. */
export async function counterValue({ counter }: Collections, name: string): Promise<number> {
  return counted((await counter.findOne({ _id: name }))?.value ?? 0);
}

/** Counters whose name begins with `prefix`, in order of name. */
export async function countersFrom(
  { counter }: Collections,
  { prefix, limit, after = "" }: { prefix: string; limit: number; after?: string | undefined },
): Promise<{ name: string; value: number }[]> {
  const found = await counter
    .find({ $and: [{ _id: startsWith(prefix) }, { _id: { $gt: after } }] })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
  return found.map(({ _id, value }) => ({ name: _id, value: counted(value) }));
}

/** Stores all entries if none of their keys exists; returns what is now stored under each. */
export async function putEntries({ map }: Collections, session: ClientSession, entries: MapEntry[]): Promise<(string | undefined)[]> {
  const keys = entries.map(({ key }) => key);
  await map.deleteMany({ _id: { $in: keys }, expires: { $lt: new Date(meshTime.now()) } }, { session });
  const found = await map.find({ _id: { $in: keys } }, { session }).toArray();
  if (found.length > 0) return keys.map((key) => found.find(({ _id }) => _id === key)?.value);
  await map.insertMany(
    entries.map(({ key, value, expiresAt }) => ({
      _id: key,
      value,
      bytes: Buffer.byteLength(value),
      ...(expiresAt !== undefined && { expires: new Date(expiresAt) }),
    })),
    { session },
  );
  return entries.map(({ value }) => value);
}

/** Number of keys that begin with `prefix`, and bytes of their values: from an index, since the values may be gigabytes. */
export async function usageOf({ map }: Collections, prefix: string): Promise<{ count: number; bytes: number }> {
  const sums = { _id: null, count: { $sum: 1 }, bytes: { $sum: "$bytes" } };
  const [found] = await map
    .aggregate<{ count: number; bytes: number }>([{ $match: { _id: startsWith(prefix) } }, { $group: sums }], { hint: MAP_SIZES })
    .toArray();
  return { count: found?.count ?? 0, bytes: found?.bytes ?? 0 };
}

/** True if `holder` has the lease of the name for the next `forMs` milliseconds. */
export async function leaseEntry({ map }: Collections, name: string, holder: string, forMs: number): Promise<boolean> {
  const mine = { _id: name, $or: [{ value: holder }, { expires: { $lt: new Date(meshTime.now()) } }] };
  try {
    await map.updateOne(
      mine,
      { $set: { value: holder, bytes: Buffer.byteLength(holder), expires: new Date(meshTime.now() + forMs) } },
      { upsert: true },
    );
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
    throw error;
  }
}

/** The value under a key. */
export async function entryValue({ map }: Collections, key: string): Promise<string | undefined> {
  const found = await map.findOne({ _id: key });
  return found && !(found.expires && found.expires.getTime() < meshTime.now()) ? found.value : undefined;
}

/** Entries whose key begins with `prefix`, in order of key. */
export async function entriesFrom({ map }: Collections, prefix: string, limit: number): Promise<{ key: string; value: string }[]> {
  const alive = { $or: [{ expires: { $exists: false } }, { expires: { $gte: new Date(meshTime.now()) } }] };
  const found = await map
    .find({ _id: startsWith(prefix), ...alive })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
  return found.map(({ _id, value }) => ({ key: _id, value }));
}

function startsWith(prefix: string): { $gte: string; $lt?: string } {
  const end = successor(prefix);
  return { $gte: prefix, ...(end !== undefined && { $lt: end }) };
}
