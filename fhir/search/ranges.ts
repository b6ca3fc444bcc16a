/** Prefixes (`ge2020`, `lt5.4`) as questions to range rows (R4 3.1.1.4.5). */
import { fhirError } from "../outcome.ts";
import { intervalAsked } from "../dates.ts";
import { givenNumber, nextTo } from "./numbers.ts";
import type { Clause, RangeMatch } from "./query.ts";

/** How a value stands to the one that is searched for (R4, search.html#prefix). */
export const prefixes = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"] as const;
/** One of `prefixes`. */
export type Prefix = (typeof prefixes)[number];

/** How far `ap` reaches: a tenth of the number, or of the time between now and the date. */
const APPROXIMATELY = 0.1;

/** `ge2026` → `ge`, `2026`; without a prefix it is `eq`. */
export function splitPrefix(text: string): [Prefix, string] {
  const found = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(.*)$/s.exec(text);
  return found ? [found[1] as Prefix, found[2]!] : ["eq", text];
}

/**
 * What a row [low, high] must be to stand so to the interval of the question; both ends of both belong to them. `ge` is
 * what reaches above it, or lies in it: what begins before it and ends in it is not greater or equal as a whole.
 */
export function comparisons(prefix: Prefix, low: number, high: number): RangeMatch[] {
  switch (prefix) {
    case "eq":
      return [{ lowGe: low, highLe: high }];
    case "ne":
      return [{ lowLt: low }, { highGt: high }];
    case "gt":
      return [{ highGt: high }];
    case "lt":
      return [{ lowLt: low }];
    case "ge":
      return [{ highGt: high }, { lowGe: low, highGe: low }];
    case "le":
      return [{ lowLt: low }, { lowLe: high, highLe: high }];
    case "sa":
      return [{ lowGt: high }];
    case "eb":
      return [{ highLt: low }];
    case "ap":
      return [{ lowLe: high, highGe: low }];
  }
}

/**
 * How `ge` and `le` take a period that only overlaps the date of the question: as R4's letter does, which finds it neither equal nor, on
 * this side, beyond; or as found (docs/adr/0014-dates-that-overlap.md).
 */
export const dateReadings = ["r4", "overlap"] as const;
/** One of `dateReadings`. */
export type DateReading = (typeof dateReadings)[number];

/** @param now milliseconds; what `ap` measures from */
export function dateMatches(value: string, name: string, { now, dates = "r4" }: { now: number; dates?: DateReading }): RangeMatch[] {
  const [prefix, text] = splitPrefix(value);
  const interval = intervalAsked(text);
  if (!interval)
    throw fhirError(
      400,
      "invalid",
      `"${name}" needs a date such as 2020, 2020-02, 2020-02-29 or 2020-02-29T10:00:00Z, with eq, ne, gt, lt, ge, le, sa, eb or ap before it.`,
      name,
    );
  const [low, high] = interval;
  if (dates === "overlap" && prefix === "ge") return [{ highGe: low }];
  if (dates === "overlap" && prefix === "le") return [{ lowLe: high }];
  if (prefix !== "ap") return comparisons(prefix, low, high);
  const margin = Math.round(Math.abs(now - (low + high) / 2) * APPROXIMATELY);
  return comparisons("ap", low - margin, high + margin);
}

/** A number, with its prefix and precision. @throws FhirError 400 */
export function numberMatches(value: string, name: string): RangeMatch[] {
  const [prefix, text] = splitPrefix(value);
  const given = givenNumber(text);
  if (!given)
    throw fhirError(
      400,
      "invalid",
      `"${name}" needs a number such as 5, 5.40 or 1e3, with eq, ne, gt, lt, ge, le, sa, eb or ap before it.`,
      name,
    );
  // A number of more digits than a double holds has no room around it; it still equals itself.
  const [low, high] = [Math.min(given.low, given.value), Math.max(nextTo(given.high, -1), given.value)];
  // Greater and less are about the exact number; equality is about what it stands for.
  if (prefix === "eq" || prefix === "ne") return comparisons(prefix, low, high);
  if (prefix !== "ap") return comparisons(prefix, given.value, given.value);
  const margin = Math.abs(given.value) * APPROXIMATELY;
  return comparisons("ap", Math.min(low, given.value - margin), Math.max(high, given.value + margin));
}

/**
 * The clauses of a list of alternatives. `ge` and `le` are two matches each, which no index answers in one walk: a clause
 * with the one bound that both imply goes before, for the index to be walked by.
 */
export function rangeClauses(slots: number[], any: RangeMatch[]): Clause[] {
  const exact: Clause = { kind: "range", slots, any };
  const bound = commonBound(any);
  return bound ? [{ kind: "range", slots, any: [bound] }, exact] : [exact];
}

function commonBound(any: RangeMatch[]): RangeMatch | undefined {
  const [first, second] = any;
  if (any.length !== 2 || !first || !second) return undefined;
  const unit = second.unit ? { unit: second.unit } : {};
  if (first.highGt !== undefined && second.lowGe !== undefined && second.highGe !== undefined) return { highGe: second.highGe, ...unit };
  if (first.lowLt !== undefined && second.highLe !== undefined && second.lowLe !== undefined) return { lowLe: second.lowLe, ...unit };
  return undefined;
}
