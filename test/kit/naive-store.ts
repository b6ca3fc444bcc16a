/**
 * The correct answers of a store, computed the slow way: every row is examined, everything is sorted. Shares no code with the stores.
 */
import type { Clause, IndexRows, KeyMatch, RangeMatch, SortKey, StoreQuery } from "../../fhir/search/query.ts";

export interface NaiveResource {
  type: string;
  id: string;
  /** Milliseconds since 1970. */
  updated: number;
  index: IndexRows;
}

/** Ids of all matches in order, with their sort values; `resources` in order of creation. `after` and `limit` are not applied. */
export function naiveSearch(resources: NaiveResource[], query: Pick<StoreQuery, "type" | "clauses" | "sort">) {
  const rows = resources
    .filter((one) => one.type === query.type && query.clauses.every((clause) => answers(one, clause)))
    .map((one) => ({ id: one.id, values: query.sort.map((key) => sortValue(one, key)) }));
  // Array.sort is stable, so ties keep the order of creation.
  return rows.sort((a, b) => {
    for (const [i, key] of query.sort.entries()) {
      const [x, y] = [a.values[i] ?? null, b.values[i] ?? null];
      if (x === y) continue;
      if (x === null) return 1;
      if (y === null) return -1;
      return order(x, y) * (key.desc ? -1 : 1);
    }
    return 0;
  });
}

/** The ids of all matches, or what they refer to in these slots. */
export function naiveLinks(
  resources: NaiveResource[],
  { type, clauses, slots }: Pick<StoreQuery, "type" | "clauses"> & { slots?: number[] },
) {
  const found = resources.filter((one) => one.type === type && clauses.every((clause) => answers(one, clause)));
  if (!slots) return new Set(found.map(({ id }) => id));
  const keys = found.flatMap(({ index }) => index.keys.filter(([slot, value]) => slots.indexOf(slot) >= 0 && value[0] === "="));
  return new Set(keys.map(([, value]) => value.slice(1)));
}

function answers(one: NaiveResource, clause: Clause): boolean {
  if (clause.kind === "any") return clause.of.some((group) => group.every((inner) => answers(one, inner)));
  if (clause.kind === "id") return clause.any.some((id) => id === one.id) === (clause.not !== true);
  if (clause.kind === "updated") return clause.any.some((match) => inRange([0, one.updated, one.updated, ""], match));
  if (clause.kind === "text") throw new Error("The naive store does not know full text.");
  const keys = one.index.keys.filter(([slot]) => clause.slots.some((wanted) => wanted === slot));
  const ranges = one.index.ranges.filter(([slot]) => clause.slots.some((wanted) => wanted === slot));
  if (clause.kind === "missing") {
    const present = clause.prefix
      ? keys.filter(([, value]) => clause.prefix?.some((start) => value.indexOf(start) === 0))
      : [...keys, ...ranges];
    return (present.length === 0) === clause.missing;
  }
  const found =
    clause.kind === "key"
      ? keys.some((row) => clause.any.some((match) => isKey(row[1], match)))
      : ranges.some((row) => clause.any.some((match) => inRange(row, match)));
  return found === (clause.not !== true);
}

function isKey(value: string, match: KeyMatch): boolean {
  if ("eq" in match) return value === match.eq;
  if ("prefix" in match) return value.slice(0, match.prefix.length) === match.prefix;
  if (value[0] !== match.facet) return false;
  if ("contains" in match) return value.indexOf(match.contains, 1) > 0;
  return value.length > match.ends.length && value.slice(value.length - match.ends.length) === match.ends;
}

function inRange([, low, high, unit]: IndexRows["ranges"][number], match: RangeMatch): boolean {
  const { lowGe = -Infinity, lowGt = -Infinity, lowLe = Infinity, lowLt = Infinity } = match;
  const { highGe = -Infinity, highGt = -Infinity, highLe = Infinity, highLt = Infinity } = match;
  const isInside =
    low >= lowGe && low > lowGt && low <= lowLe && low < lowLt && high >= highGe && high > highGt && high <= highLe && high < highLt;
  if (!match.unit) return isInside;
  return isInside && ("eq" in match.unit ? unit === match.unit.eq : unit.slice(0, match.unit.prefix.length) === match.unit.prefix);
}

function sortValue(one: NaiveResource, key: SortKey): string | number | null {
  if (!("slots" in key)) return key.by === "id" ? one.id : one.updated;
  const values: (string | number)[] =
    "facet" in key
      ? one.index.keys.filter(([slot, value]) => key.slots.includes(slot) && value[0] === key.facet).map(([, value]) => value.slice(1))
      : one.index.ranges.filter(([slot]) => key.slots.includes(slot)).map(([, low, high]) => (key.edge === "low" ? low : high));
  values.sort(order);
  return (key.desc ? values.at(-1) : values[0]) ?? null;
}

/** Numbers by size, texts by their bytes in UTF-8. */
function order(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}
