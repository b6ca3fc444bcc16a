/** A document of MongoDB has at most 16 MB (BSON); what the store writes is measured before, so that it is refused in plain words. */
import { BSON, type Document } from "mongodb";
import { type PlannedChange, jsonOf } from "../plan-write.ts";
import { StoreError, StoreErrorType } from "../store-error.ts";
import { indexFields } from "./schema.ts";

/** Less than MongoDB's limit by what a version's head, its words (some MB of folded text at most) and a part's head may take. */
const MAX_BYTES = 12 * 1024 * 1024;
/** Characters of JSON, and rows of the index, below which no document comes near the limit. */
const [SMALL_JSON, SMALL_ROWS] = [1_000_000, 20_000];

/** @throws StoreError RESOURCE_TOO_LARGE for a resource that does not fit into a document, with its search values */
export function refuseTooLarge(changes: PlannedChange[]): void {
  for (const change of changes) {
    if (change.kind !== "put") continue;
    const { step, type, id, version, body, index } = change;
    if (body.rest.length < SMALL_JSON && index.keys.length + index.ranges.length < SMALL_ROWS) continue;
    const bytes = BSON.calculateObjectSize({ json: jsonOf(type, id, version, 0, body), ...indexFields(index) });
    if (bytes > MAX_BYTES) throw new StoreError(StoreErrorType.tooLarge, step, { type, id, bytes, limit: MAX_BYTES });
  }
}

/** The items in groups, each of which fits into a document; an item that is larger than a group stands alone. */
export function* inGroups<Item>(items: Item[], bytesOf: (item: Item) => number, maxBytes: number): Generator<Item[]> {
  let group: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const own = bytesOf(item);
    if (group.length > 0 && bytes + own > maxBytes) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(item);
    bytes += own;
  }
  if (group.length > 0) yield group;
}

/** Size in a document, bytes. */
export const bytesIn = (value: Document): number => BSON.calculateObjectSize(value);
