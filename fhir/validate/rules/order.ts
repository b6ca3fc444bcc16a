/** Comparison of numbers, times and quantities. Two values that cannot be compared satisfy every comparison. */
import { numberOf } from "../../json.ts";
import { intervalOf } from "../../dates.ts";
import { EMPTY, FALSE, type List, only, TRUE, truth } from "./fhirpath-values.ts";

/** The largest offset of a time zone from UTC. */
const FARTHEST_ZONE_MS = 14 * 3_600_000;

/** The operators that compare. */
export type Order = "<" | ">" | "<=" | ">=";

/** @param isTime texts are times, possibly of different precision and in different zones */
export function ordered(name: Order, left: List, right: List, isTime: boolean): List {
  const [a, b] = (name.startsWith("<") ? [left, right] : [right, left]).map(only);
  if (a === undefined || b === undefined) return EMPTY;
  if (isTime) return truth(!isAfter(a, b));
  const [x, y] = comparable(a, b);
  if (x === undefined || y === undefined) return TRUE;
  if (x > y) return FALSE;
  return truth(name.length === 2 || x !== y);
}

/** Numbers as they are, quantities with the same unit by their values. */
function comparable(a: unknown, b: unknown): [number | undefined, number | undefined] {
  const isQuantity = typeof a === "object" && typeof b === "object" && numberOf(a) === undefined && numberOf(b) === undefined;
  if (!isQuantity) return [numberOf(a), numberOf(b)];
  const { value: x, ...one } = a as Record<string, unknown>;
  const { value: y, ...two } = b as Record<string, unknown>;
  const isSameUnit =
    one["code"] === two["code"] && one["system"] === two["system"] && (one["code"] !== undefined || one["unit"] === two["unit"]);
  return isSameUnit ? [numberOf(x), numberOf(y)] : [undefined, undefined];
}

function isAfter(a: unknown, b: unknown): boolean | undefined {
  const one = typeof a === "string" ? intervalOf(a) : undefined;
  const two = typeof b === "string" ? intervalOf(b) : undefined;
  if (!one || !two) return undefined;
  const isZoned = (text: unknown) => (text as string).length > 10;
  return one[0] > two[1] + (isZoned(a) === isZoned(b) ? 0 : FARTHEST_ZONE_MS);
}
