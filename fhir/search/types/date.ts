/** Dates, periods and timings (R4, search.html#date): their index rows, and questions for them. */
import { type Interval, intervalAsked, intervalOf } from "../../dates.ts";
import { fhirError } from "../../outcome.ts";
import { FOREVER, type RangeMatch } from "../query.ts";
import { ANY_PREFIX, APPROXIMATELY, comparisons, splitPrefix } from "./prefix.ts";
import { each, isObject, isText, type RowWriter } from "./writer.ts";

/** A date with its precision. */
export const date: RowWriter = (sink, value) => {
  const interval = isText(value) ? intervalOf(value) : undefined;
  if (interval) sink.range(interval[0], interval[1]);
};

/** A missing end is open. Undefined for a Period without both ends, or with a malformed one. */
function periodOf(value: unknown): Interval | undefined {
  if (!isObject(value) || (value.start === undefined && value.end === undefined)) return undefined;
  const start = value.start === undefined ? -FOREVER : isText(value.start) ? intervalOf(value.start)?.[0] : undefined;
  const end = value.end === undefined ? FOREVER : isText(value.end) ? intervalOf(value.end)?.[1] : undefined;
  return start === undefined || end === undefined ? undefined : [start, end];
}

/** A point in time, whatever its number of digits. */
export const instant: RowWriter = (sink, value) => {
  const interval = isText(value) ? intervalOf(value) : undefined;
  if (interval) sink.range(interval[0], interval[0]);
};

/** A Period. */
export const period: RowWriter = (sink, value) => {
  const interval = periodOf(value);
  if (interval) sink.range(interval[0], interval[1]);
};

/** The outer limits of its events and bounds; repetitions within them are not distinguished (R4 3.1.1.4.7). */
export const timing: RowWriter = (sink, value) => {
  if (!isObject(value)) return;
  let low = FOREVER;
  let high = -FOREVER;
  const widen = (interval: Interval | undefined) => {
    if (!interval) return;
    low = Math.min(low, interval[0]);
    high = Math.max(high, interval[1]);
  };
  each(value.event, (event) => widen(isText(event) ? intervalOf(event) : undefined));
  if (isObject(value.repeat)) widen(periodOf(value.repeat.boundsPeriod));
  sink.range(low, high);
};

/**
 * How `ge` and `le` compare a period that only overlaps the date of the question: `r4`, by the letter of R4, does not find it; `overlap`
 * does (docs/adr/0014-dates-that-overlap.md).
 */
const dateReadings = ["r4", "overlap"] as const;
/** One of `dateReadings`. */
export type DateReading = (typeof dateReadings)[number];

/** @param now milliseconds since 1970, from which `ap` measures */
export function dateMatches(value: string, name: string, { now, dates = "r4" }: { now: number; dates?: DateReading }): RangeMatch[] {
  const [prefix, text] = splitPrefix(value);
  const interval = intervalAsked(text);
  if (!interval) {
    throw fhirError(
      400,
      "invalid",
      `"${name}" needs a date such as 2020, 2020-02, 2020-02-29 or 2020-02-29T10:00:00Z, with ${ANY_PREFIX} before it.`,
      name,
    );
  }
  const [low, high] = interval;
  if (dates === "overlap" && prefix === "ge") return [{ highGe: low }];
  if (dates === "overlap" && prefix === "le") return [{ lowLe: high }];
  if (prefix !== "ap") return comparisons(prefix, low, high);
  const margin = Math.round(Math.abs(now - (low + high) / 2) * APPROXIMATELY);
  return comparisons("ap", low - margin, high + margin);
}
