/**
 * Clauses with many values, as functions that SQLite calls: as parts of a statement each value would be compiled with it, in a time that
 * grows with their square.
 */
import { type KeyMatch, type RangeMatch, rangeMatches } from "../../fhir/search/query.ts";

/** More values than this, other than exact ones, are not put into a statement. */
export const FEW_VALUES = 8;

/** Whether a value of a key row is one that is asked for. */
export type KeyTest = (value: string) => boolean;
/** The same of a range row. */
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

/** Characters of a text that is looked for with others at once: V8 takes 0.4 ms to prepare a thousand. */
const MAX_IN_PATTERN = 50;

/** Long texts are looked for one by one, and only in what is as long: few values are. */
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

/** Texts of one pattern: V8 takes no pattern of any size. */
const MAX_TEXTS = 500;

/**
 * Patterns that look for all texts at once, which takes hardly more time than to look for one. They hold nothing but these texts, side by side:
 * nothing in them is tried again and again.
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

/** In order, without those that begin with another one of them. */
function shortest(prefixes: string[]): string[] {
  const kept: string[] = [];
  for (const prefix of [...prefixes].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}

/** The one that a value begins with is the last that does not come behind it. */
function beginsWithOne(value: string, prefixes: string[]): boolean {
  let [low, high] = [0, prefixes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((prefixes[middle] as string) <= value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value.startsWith(prefixes[low - 1] as string);
}

/** Of the question that is being answered, by number: a statement names them by it. */
const asked: { keys: KeyTest[]; ranges: RangeTest[] } = { keys: [], ranges: [] };

/** The number by which a statement calls a test until the question is answered. */
export function numberOf(test: { key: KeyTest } | { range: RangeTest }): number {
  return "key" in test ? asked.keys.push(test.key) - 1 : asked.ranges.push(test.range) - 1;
}

/** What a statement calls. */
export const keyPasses = (test: number, value: string): boolean => asked.keys[test]?.(value) === true;
/** What a statement calls. */
export const rangePasses = (test: number, low: number, high: number, unit: string): boolean =>
  asked.ranges[test]?.(low, high, unit) === true;

/** Another question begins. */
export function forgetTests(): void {
  asked.keys.length = 0;
  asked.ranges.length = 0;
}
