/** A sort key as SQL: the value of one resource, and the index that lists resources in order of it. */
import type { SortKey } from "../../fhir/search/query.ts";
import { successor } from "../../fhir/search/text-order.ts";
import { and, oneOf, q, sql } from "./sql-fragments.ts";
import type { Sql } from "./database.ts";

/** Rows of one index, under the name `k`: read in the order of `column`, then of `k.seq`. */
export interface Lane {
  from: string;
  column: string;
  where: Sql;
  /** Condition that keeps one of the rows of a resource that share a value. */
  first?: Sql;
}

/** The value of a sort key; null: the resource has none. */
export type SortValue = string | number | null;

/** Values from `least` to `greatest`, both inclusive; undefined: no end. */
export interface Bounds {
  least: number | undefined;
  greatest: number | undefined;
}

/** A sort key as SQL. */
export interface Axis {
  desc: boolean;
  /** Every resource has a value. */
  isTotal: boolean;
  /** No resource has more than one row here: the row's value is the resource's. */
  isSingle: boolean;
  /** All matches have values from `least` to `greatest`, both inclusive; absent: anything, also none. */
  bounds?: Bounds | undefined;
  /** The resource's own value (`seq`: a column with its place), NULL when it has none. */
  value(seq: string): Sql;
  lanes: Lane[];
  /** Converts a value from its form outside to that in the index, and back. */
  inward(value: SortValue): SortValue;
  outward(value: SortValue): SortValue;
}

const same = (value: SortValue): SortValue => value;

/** @param isSingle no resource has more than one row in this slot */
export function axisOf(key: SortKey, type: number, isSingle: (slot: number) => boolean): Axis {
  if (!("slots" in key)) return ownAxis(key, type);
  return "edge" in key ? rangeAxis(key, isSingle) : facetAxis(key);
}

/** Sorts by a column that every resource has: time of the update, id. */
function ownAxis({ by, desc }: Exclude<SortKey, { slots: number[] }>, type: number): Axis {
  const lane = { from: `resource k INDEXED BY resource_${by}`, column: `k.${by}`, where: q`k.type = ${type}` };
  return { desc, isTotal: true, isSingle: true, value: () => sql(`r.${by}`), lanes: [lane], inward: same, outward: same };
}

/** Sorts by an end of ranges: dates, numbers, quantities. */
function rangeAxis({ desc, edge, slots }: Extract<SortKey, { edge: string }>, isSingle: (slot: number) => boolean): Axis {
  const single = slots.length === 1 && isSingle(slots[0] as number);
  const other = edge === "low" ? "high" : "low";
  const first = single
    ? undefined
    : sql(
        `NOT EXISTS (SELECT 1 FROM ranges p INDEXED BY sqlite_autoindex_ranges_1 WHERE p.seq = k.seq AND p.slot = k.slot AND p.${edge} = k.${edge} AND (p.${other}, p.unit) < (k.${other}, k.unit))`,
      );
  const inSlots = oneOf("p.slot", slots);
  return {
    desc,
    isTotal: false,
    isSingle: single,
    value: (seq) =>
      sql(
        `(SELECT ${chosen(desc)}(p.${edge}) FROM ranges p INDEXED BY sqlite_autoindex_ranges_1 WHERE p.seq = ${seq} AND ${inSlots.text})`,
        ...inSlots.values,
      ),
    lanes: slots.flatMap((slot) => [
      {
        from: "ranges k INDEXED BY ranges_point",
        column: "k.low",
        where: q`k.high = k.low AND k.slot = ${slot}`,
        ...(first && { first }),
      },
      {
        from: `ranges k INDEXED BY ranges_${edge}`,
        column: `k.${edge}`,
        where: q`k.high > k.low AND k.slot = ${slot}`,
        ...(first && { first }),
      },
    ]),
    inward: same,
    outward: same,
  };
}

/** Sorts by keys of one facet: texts, codes, references. */
function facetAxis({ desc, facet, slots }: Extract<SortKey, { facet: string }>): Axis {
  const end = successor(facet) as string;
  const test = and([oneOf("p.slot", slots), q`p.value >= ${facet} AND p.value < ${end}`]);
  return {
    desc,
    isTotal: false,
    isSingle: false,
    value: (seq) =>
      sql(
        `(SELECT ${chosen(desc)}(p.value) FROM keys p INDEXED BY sqlite_autoindex_keys_1 WHERE p.seq = ${seq} AND ${test.text})`,
        ...test.values,
      ),
    lanes: slots.map((slot) => ({
      from: "keys k INDEXED BY keys_value",
      column: "k.value",
      where: q`k.slot = ${slot} AND k.value >= ${facet} AND k.value < ${end}`,
    })),
    inward: (value) => (value === null ? null : facet + value),
    outward: (value) => (value === null ? null : String(value).slice(facet.length)),
  };
}

/** Which of several values of a resource it is sorted by: the first in the order of the search. */
const chosen = (desc: boolean) => (desc ? "max" : "min");
