/** Numbers (R4, search.html#number): their index rows, and questions for them. */
import { numberOf } from "../../json.ts";
import { fhirError } from "../../outcome.ts";
import { givenNumber, nextTo } from "../numbers.ts";
import type { RangeMatch } from "../query.ts";
import { ANY_PREFIX, APPROXIMATELY, comparisons, splitPrefix } from "./prefix.ts";
import type { RowWriter } from "./writer.ts";

/** A number. */
export const number: RowWriter = (sink, value) => {
  const found = numberOf(value);
  if (found !== undefined) sink.range(found, found);
};

/** A number, with its prefix and precision. @throws FhirError 400 */
export function numberMatches(value: string, name: string): RangeMatch[] {
  const [prefix, text] = splitPrefix(value);
  const given = givenNumber(text);
  if (!given) {
    throw fhirError(400, "invalid", `"${name}" needs a number such as 5, 5.40 or 1e3, with ${ANY_PREFIX} before it.`, name);
  }
  // A number with more digits than a double holds has an empty interval; it still equals itself.
  const [low, high] = [Math.min(given.low, given.value), Math.max(nextTo(given.high, -1), given.value)];
  // Greater and less compare the exact number; equality the interval of its precision.
  if (prefix === "eq" || prefix === "ne") return comparisons(prefix, low, high);
  if (prefix !== "ap") return comparisons(prefix, given.value, given.value);
  const margin = Math.abs(given.value) * APPROXIMATELY;
  return comparisons("ap", Math.min(low, given.value - margin), Math.max(high, given.value + margin));
}
