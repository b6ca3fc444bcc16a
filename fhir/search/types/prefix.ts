/** Prefixes (`ge2020`, `lt5.4`) as conditions on range rows (R4, search.html#prefix). */
import type { Clause, RangeMatch } from "../query.ts";

/** The comparisons of R4 (search.html#prefix). */
export const prefixes = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"] as const;
/** One of `prefixes`. */
export type Prefix = (typeof prefixes)[number];

/** Width of `ap`: a tenth of the number, or of the time between now and the date. */
export const APPROXIMATELY = 0.1;

/** All prefixes, for error texts. */
export const ANY_PREFIX = `${prefixes.slice(0, -1).join(", ")} or ${prefixes.at(-1)}`;

const PREFIXED = new RegExp(`^(${prefixes.join("|")})(.*)$`, "s");

/** `ge2026` → `ge`, `2026`; without a prefix it is `eq`. */
export function splitPrefix(text: string): [Prefix, string] {
  const found = PREFIXED.exec(text);
  return found ? [found[1] as Prefix, found[2] as string] : ["eq", text];
}

/**
 * Conditions on a row [low, high] for a comparison with the interval of the question; both ends of both are inclusive. `ge` matches
 * rows that extend above the interval, or lie in it: a row that begins before and ends in it is not greater or equal as a whole.
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
 * The clauses for a list of alternatives. `ge` and `le` are two matches each, which no index answers in one walk: a clause
 * with the one bound that both imply precedes, so that the index can be walked by it.
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
