/** MongoDB's documents have at most 16 MB (BSON). The store measures them before writing, so that a larger one is refused with a clear error. */
import { BSON, type Document } from "mongodb";
import { type PlannedChange, jsonOf } from "../plan-write.ts";
import { StoreError, StoreErrorType } from "../store-error.ts";
import { indexFields } from "./schema.ts";

/** MongoDB's limit, less what a version's head, its words (a few MB of folded text at most) and a part's head may take. */
const MAX_BYTES = 12 * 1024 * 1024;
/** Characters of JSON and rows of the index below which no document comes near the limit. */
const [SMALL_JSON, SMALL_ROWS] = [1_000_000, 20_000];

/** @throws StoreError RESOURCE_TOO_LARGE if a resource and its search values do not fit into a document */
export function refuseTooLarge(changes: PlannedChange[]): void {
  for (const change of changes) {
    if (change.kind !== "put") continue;
    const { step, type, id, version, body, index } = change;
    if (body.rest.length < SMALL_JSON && index.keys.length + index.ranges.length < SMALL_ROWS) continue;
    const bytes = BSON.calculateObjectSize({ json: jsonOf(type, id, version, 0, body), ...indexFields(index) });
    if (bytes > MAX_BYTES) throw new StoreError(StoreErrorType.tooLarge, step, { type, id, bytes, limit: MAX_BYTES });
  }
}

/** The items in groups that each fit into a document; an item larger than a group is a group of its own. */
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
