/** Counters, and the small durable map for what is no FHIR resource. */
import type { ClientSession } from "mongodb";
import { successor } from "../../fhir/search/text-order.ts";
import type { Collections } from "./schema.ts";

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
