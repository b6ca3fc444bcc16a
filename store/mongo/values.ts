/** Counters, and the small durable map for what is no FHIR resource. */
import { type ClientSession, MongoServerError } from "mongodb";
import { successor } from "../../fhir/search/text-order.ts";
import type { Collections } from "./schema.ts";

const DUPLICATE_KEY = 11_000;

/** A counter; 0 when never written. */
export async function counterValue({ counter }: Collections, name: string): Promise<number> {
  return (await counter.findOne({ _id: name }))?.value ?? 0;
}

/** Counters whose name starts so, in order of name. */
export async function countersFrom({ counter }: Collections, prefix: string, limit: number): Promise<{ name: string; value: number }[]> {
  const found = await counter
    .find({ _id: startsWith(prefix) })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
  return found.map(({ _id, value }) => ({ name: _id, value }));
}

/** Stores if the key is new; what is stored now. `expiresAt`: milliseconds since 1970. */
export async function putEntry(
  { map }: Collections,
  session: ClientSession,
  key: string,
  value: string,
  expiresAt: number | undefined,
): Promise<string> {
  await map.deleteOne({ _id: key, expires: { $lt: new Date() } }, { session });
  const found = await map.findOneAndUpdate(
    { _id: key },
    { $setOnInsert: { value, ...(expiresAt !== undefined && { expires: new Date(expiresAt) }) } },
    { session, upsert: true, returnDocument: "after" },
  );
  return found?.value ?? value;
}

/** Whether the name is the holder's for the next `forMs` milliseconds. */
export async function leaseEntry({ map }: Collections, name: string, holder: string, forMs: number): Promise<boolean> {
  const mine = { _id: name, $or: [{ value: holder }, { expires: { $lt: new Date() } }] };
  try {
    await map.updateOne(mine, { $set: { value: holder, expires: new Date(Date.now() + forMs) } }, { upsert: true });
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
    throw error;
  }
}

/** What is stored under the key. */
export async function entryValue({ map }: Collections, key: string): Promise<string | undefined> {
  const found = await map.findOne({ _id: key });
  return found && !(found.expires && found.expires.getTime() < Date.now()) ? found.value : undefined;
}

/** Entries whose key starts so, in order. */
export async function entriesFrom({ map }: Collections, prefix: string, limit: number): Promise<{ key: string; value: string }[]> {
  const alive = { $or: [{ expires: { $exists: false } }, { expires: { $gte: new Date() } }] };
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
