/** The values in use in a slot. */
import type { KeyRow } from "../../fhir/search/query.ts";
import { type Collections, SLOT_WIDTH, slotText } from "./schema.ts";

/** Slots of one question: its filter has an index range for each. */
const SLOTS_AT_ONCE = 50;

/** The first `limit` distinct `=` values, in order of slot and value. Reads every resource that has one. */
export async function distinctValues({ resource }: Collections, slots: number[], limit: number): Promise<KeyRow[]> {
  const found: KeyRow[] = [];
  for (let from = 0; from < slots.length && found.length < limit; from += SLOTS_AT_ONCE) {
    const $or = slots
      .slice(from, from + SLOTS_AT_ONCE)
      .map((slot) => ({ keys: { $gte: `${slotText(slot)}=`, $lt: `${slotText(slot)}>` } }));
    const values = await resource
      .aggregate<{ _id: string }>([
        { $match: { $or } },
        { $unwind: "$keys" },
        { $match: { $or } },
        { $group: { _id: "$keys" } },
        { $sort: { _id: 1 } },
        { $limit: limit - found.length },
      ])
      .toArray();
    found.push(...values.map(({ _id }): KeyRow => [Number(_id.slice(0, SLOT_WIDTH)), _id.slice(SLOT_WIDTH)]));
  }
  return found;
}
