/** The values in use in a slot, at one index lookup for each, however many resources have it. */
import type { KeyRow } from "../../fhir/search/query.ts";
import type { Database } from "./database.ts";

const NEXT = "SELECT value FROM keys INDEXED BY keys_value WHERE slot = ? AND value > ? AND value < '>' ORDER BY value LIMIT 1";

/** The first `limit` distinct `=` values, in order of slot and value. */
export function distinctValues(db: Database, slots: number[], limit: number): KeyRow[] {
  const found: KeyRow[] = [];
  for (const slot of slots) {
    for (let last = "="; found.length < limit; ) {
      const value = db.get<{ value: string }>(NEXT, slot, last)?.value;
      if (value === undefined) break;
      found.push([slot, value]);
      last = value;
    }
  }
  return found;
}
