/** Prefixes (`ge2020`, `lt5.4`) as questions to range rows (R4, search.html#prefix). */
import type { Clause, RangeMatch } from "../query.ts";

/** How a value stands to the one that is searched for (R4, search.html#prefix). */
export const prefixes = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"] as const;
/** One of `prefixes`. */
export type Prefix = (typeof prefixes)[number];

/** How far `ap` reaches: a tenth of the number, or of the time between now and the date. */
export const APPROXIMATELY = 0.1;

/** All prefixes, for people. */
export const ANY_PREFIX = `${prefixes.slice(0, -1).join(", ")} or ${prefixes.at(-1)}`;

const PREFIXED = new RegExp(`^(${prefixes.join("|")})(.*)$`, "s");

/** `ge2026` → `ge`, `2026`; without a prefix it is `eq`. */
export function splitPrefix(text: string): [Prefix, string] {
  const found = PREFIXED.exec(text);
  return found ? [found[1] as Prefix, found[2] as string] : ["eq", text];
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
