/** Quantities, ranges and amounts of money (R4, search.html#quantity): their index rows, and questions for them. */
import { numberOf } from "../../json.ts";
import { fhirError } from "../../outcome.ts";
import { splitAt, unescaped } from "../escapes.ts";
import type { IndexRowBuilder } from "../index-row-builder.ts";
import { nextTo } from "../numbers.ts";
import { type RangeMatch, SEP } from "../query.ts";
import { numberMatches } from "./number.ts";
import { isObject, isText, type JsonMembers, type RowWriter } from "./writer.ts";

/** The open end of a quantity or number. */
export const UNBOUNDED = Number.MAX_VALUE;

/** Adds a row for the coded unit, and one for the printed unit if that differs. */
function measured(sink: IndexRowBuilder, low: number, high: number, quantity: JsonMembers): void {
  const unit = isText(quantity.code) ? `${quantity.code}${SEP}${isText(quantity.system) ? quantity.system : ""}` : "";
  const printed = isText(quantity.unit) && quantity.unit !== quantity.code ? `${quantity.unit}${SEP}` : "";
  if (unit || !printed) sink.range(low, high, unit);
  if (printed) sink.range(low, high, printed);
}

/** A Quantity; one with a comparator has an open end. */
export const quantity: RowWriter = (sink, value) => {
  if (!isObject(value)) return;
  const found = numberOf(value.value);
  if (found === undefined) return;
  const { comparator } = value;
  if (comparator === "<") measured(sink, -UNBOUNDED, nextTo(found, -1), value);
  else if (comparator === "<=") measured(sink, -UNBOUNDED, found, value);
  else if (comparator === ">") measured(sink, nextTo(found, 1), UNBOUNDED, value);
  else if (comparator === ">=") measured(sink, found, UNBOUNDED, value);
  else measured(sink, found, found, value);
};

/** A Range. */
export const range: RowWriter = (sink, value) => {
  if (!isObject(value)) return;
  const low = isObject(value.low) ? numberOf(value.low.value) : undefined;
  const high = isObject(value.high) ? numberOf(value.high.value) : undefined;
  if (low === undefined && high === undefined) return;
  measured(sink, low ?? -UNBOUNDED, high ?? UNBOUNDED, (low === undefined ? value.high : value.low) as JsonMembers);
};

/** From the smallest to the largest sample: origin + sample × factor. */
export const sampledData: RowWriter = (sink, value) => {
  if (!isObject(value) || !isObject(value.origin) || typeof value.data !== "string") return;
  const origin = numberOf(value.origin.value) ?? 0;
  const factor = numberOf(value.factor) ?? 1;
  let low = UNBOUNDED;
  let high = -UNBOUNDED;
  for (const sample of value.data.matchAll(/[^\s]+/g)) {
    const at = origin + Number(sample[0]) * factor;
    // E, U and L are errors and values off the scale.
    if (!Number.isFinite(at)) continue;
    low = Math.min(low, at);
    high = Math.max(high, at);
  }
  measured(sink, low, high, value.origin);
};

/** An amount of money, with its currency as the unit. */
export const money: RowWriter = (sink, value) => {
  const found = isObject(value) ? numberOf(value.value) : undefined;
  if (found === undefined) return;
  const { currency } = value as JsonMembers;
  sink.range(found, found, isText(currency) ? `${currency}${SEP}urn:iso:std:iso:4217` : "");
};

/** `5.4` or, as HAPI's client writes it, `5.4||`; `5.4|system|code`; `5.4||unit` */
export function quantityMatches(value: string, name: string): RangeMatch[] {
  const [number = "", system, code, ...more] = splitAt(value, "|").map(unescaped);
  const isWithoutUnit = code === undefined ? system === undefined : `${system}${code}` === "";
  if (more.length || (!code && !isWithoutUnit)) {
    throw fhirError(400, "invalid", `"${name}" needs number, number|system|code or number||unit.`, name);
  }
  const unit = !code ? undefined : system ? { eq: `${code}${SEP}${system}` } : { prefix: `${code}${SEP}` };
  return numberMatches(number, name).map((match) => (unit ? { ...match, unit } : match));
}
