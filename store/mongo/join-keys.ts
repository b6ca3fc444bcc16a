/** Join keys of matches: their ids, or what they refer to; the ends of chains and of `_has`. */
import type { Document } from "mongodb";
import type { JoinKeysPage, JoinKeysQuery } from "../store.ts";
import { BOUNDED, type Bounds } from "./bounded.ts";
import { type Collections, SLOT_WIDTH, slotText } from "./schema.ts";
import { filterOf } from "./search-pipeline.ts";

/** One page, made from resources in order of creation. */
export async function joinKeysPage(
  { resource }: Collections,
  { type, clauses, slots, limit, after, whole }: JoinKeysQuery & { limit: number; after?: number; whole?: boolean },
  bounds: Bounds = BOUNDED,
): Promise<JoinKeysPage> {
  const filter = { ...filterOf(type, clauses), ...(after !== undefined && { seq: { $gt: after } }) };
  if (whole && (await resource.countDocuments(filter, { limit: limit + 1, ...bounds })) > limit) return { values: [], next: after ?? 0 };
  const found = await resource
    .find(filter, { projection: { seq: 1, id: 1, ...(slots && { keys: 1 }) }, ...bounds })
    .sort({ seq: 1 })
    .limit(limit + 1)
    .toArray();
  const page = found.slice(0, limit);
  const values = slots ? page.flatMap(({ keys = [] }) => referencesIn(keys, slots)) : page.map(({ id }) => id);
  const last = found.length > limit ? page.at(-1)?.seq : undefined;
  return { values: [...new Set(values)], ...(last !== undefined && { next: last }) };
}

/** Those of the given values that are a join key of some match. */
export async function joinKeysAmong(
  { resource }: Collections,
  { type, clauses, slots, among }: JoinKeysQuery & { among: string[] },
  bounds: Bounds = BOUNDED,
): Promise<string[]> {
  if (!slots) {
    const filter = filterOf(type, [...clauses, { kind: "id", any: among }]);
    return (await resource.find(filter, { projection: { id: 1 }, ...bounds }).toArray()).map(({ id }) => id);
  }
  return keysAmong(resource, filterOf(type, clauses), { slots, among, bounds });
}

/** Which of the values occur in one of the slots of an existing resource; each slot belongs to one type: a single query, however many types. */
export const inSlots = ({ resource }: Collections, slots: number[], among: string[]): Promise<string[]> =>
  keysAmong(resource, { living: true }, { slots, among, bounds: BOUNDED });

async function keysAmong(
  resource: Collections["resource"],
  filter: Document,
  { slots, among, bounds }: { slots: number[]; among: string[]; bounds: Bounds },
): Promise<string[]> {
  const wanted = slots.flatMap((slot) => among.map((value) => `${slotText(slot)}=${value}`));
  const found = await resource
    .aggregate<{ _id: string }>(
      [
        { $match: { ...filter, keys: { $in: wanted } } },
        { $project: { keys: 1 } },
        { $unwind: "$keys" },
        { $match: { keys: { $in: wanted } } },
        { $group: { _id: "$keys" } },
      ],
      { ...bounds },
    )
    .toArray();
  return [...new Set(found.map(({ _id }) => _id.slice(SLOT_WIDTH + 1)))];
}

function referencesIn(keys: string[], slots: number[]): string[] {
  const starts = slots.map((slot) => `${slotText(slot)}=`);
  return keys.flatMap((key) => (starts.some((start) => key.startsWith(start)) ? [key.slice(SLOT_WIDTH + 1)] : []));
}
