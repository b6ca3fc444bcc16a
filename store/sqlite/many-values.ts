/**
 * Clauses with many values, evaluated by functions that SQLite calls. As parts of a statement, the values would take SQLite a time to compile
 * that grows with the square of their number.
 */
import { type KeyMatch, type RangeMatch, rangeMatches } from "../../fhir/search/query.ts";

/** Clauses with more values than this, exact ones not counted, use a function. */
export const FEW_VALUES = 8;

/** Whether the value of a key row passes. */
export type KeyTest = (value: string) => boolean;
/** Whether a range row passes. */
export type RangeTest = (low: number, high: number, unit: string) => boolean;

/** @param any at least one */
export function keyTestOf(any: KeyMatch[]): KeyTest {
  const exact = new Set(any.flatMap((match) => ("eq" in match ? [match.eq] : [])));
  const prefixes = shortest(any.flatMap((match) => ("prefix" in match ? [match.prefix] : [])));
  const byFacet = Map.groupBy(
    any.flatMap((match) => ("facet" in match ? [match] : [])),
    ({ facet }) => facet,
  );
  const parts = [...byFacet].map(([facet, some]) => ({ facet, has: partTestOf(some) }));
  return (value) =>
    exact.has(value) ||
    beginsWithOne(value, prefixes) ||
    parts.some(({ facet, has }) => value.startsWith(facet) && has(value.slice(facet.length)));
}

type PartMatch = Extract<KeyMatch, { facet: string }>;

/** Longest text that is searched for together with others: V8 takes 0.4 ms to prepare a thousand. */
const MAX_IN_PATTERN = 50;

/** Long texts are searched for one by one, only in values that are long enough, which few are. */
function partTestOf(some: PartMatch[]): (rest: string) => boolean {
  const textOf = (match: PartMatch): string => ("contains" in match ? match.contains : match.ends);
  const isLong = (match: PartMatch): boolean => textOf(match).length > MAX_IN_PATTERN;
  const patterns = patternsOf(some.filter((match) => !isLong(match)));
  const long = some.filter(isLong).sort((one, other) => textOf(one).length - textOf(other).length);
  return (rest) => {
    if (patterns.some((pattern) => pattern.test(rest))) return true;
    for (const match of long) {
      if (textOf(match).length > rest.length) return false;
      if ("contains" in match ? rest.includes(match.contains) : rest.endsWith(match.ends)) return true;
    }
    return false;
  };
}

/** Texts of one pattern, whose size V8 limits. */
const MAX_TEXTS = 500;

/**
 * Patterns that search for all texts at once, in hardly more time than for one. A pattern is an alternative of literal texts, so that it cannot
 * backtrack.
 */
function patternsOf(some: PartMatch[]): RegExp[] {
  const texts = some.map((match) => ("contains" in match ? escaped(match.contains) : `${escaped(match.ends)}$`));
  return Array.from({ length: Math.ceil(texts.length / MAX_TEXTS) }, (_, index) => {
    return new RegExp(texts.slice(index * MAX_TEXTS, (index + 1) * MAX_TEXTS).join("|"));
  });
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** @param any at least one */
export const rangeTestOf =
  (any: RangeMatch[]): RangeTest =>
  (low, high, unit) =>
    any.some((match) => rangeMatches(match, low, high, unit));

/** The prefixes in order, without those that begin with another one. */
function shortest(prefixes: string[]): string[] {
  const kept: string[] = [];
  for (const prefix of [...prefixes].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}

/** Binary search: only the last prefix that is not greater than the value can be its beginning. */
function beginsWithOne(value: string, prefixes: string[]): boolean {
  let [low, high] = [0, prefixes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((prefixes[middle] as string) <= value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value.startsWith(prefixes[low - 1] as string);
}

/** The tests of the present question; statements refer to them by their number. */
const asked: { keys: KeyTest[]; ranges: RangeTest[] } = { keys: [], ranges: [] };

/** The number by which a statement refers to a test until the question is answered. */
export function numberOf(test: { key: KeyTest } | { range: RangeTest }): number {
  return "key" in test ? asked.keys.push(test.key) - 1 : asked.ranges.push(test.range) - 1;
}

/** SQL function `key_passes`. */
export const keyPasses = (test: number, value: string): boolean => asked.keys[test]?.(value) === true;
/** SQL function `range_passes`. */
export const rangePasses = (test: number, low: number, high: number, unit: string): boolean =>
  asked.ranges[test]?.(low, high, unit) === true;

/** Removes the tests of the last question. */
export function forgetTests(): void {
  asked.keys.length = 0;
  asked.ranges.length = 0;
}
