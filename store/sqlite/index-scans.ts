/** Clauses that drive a search: those for which an index can list the resources that may match. */
import type { Clause, KeyMatch, RangeMatch } from "../../fhir/search/query.ts";
import { successor } from "../../fhir/search/text-order.ts";
import { inTime, keyTest, manyKeys, type RangeColumns, rangeTest, textQuery } from "./clause-conditions.ts";
import type { Sql } from "./database.ts";
import { FEW_VALUES } from "./many-values.ts";
import { and, sql } from "./sql-fragments.ts";

/** SQL pieces that list the places (`seq`) of all resources that may match a clause, each from an index; places may repeat. */
export interface IndexScan {
  branches: Sql[];
  /** The index rows that the branches read, if these are more than those that they list; absent: the same. */
  counted?: Sql[];
  /** No place occurs twice. */
  isDistinct?: boolean;
  /** Whether every value of the slot must be read to find the few that match. */
  isScan?: boolean;
}

/** A clause with more branches than this is probed instead; SQLite takes 500 in one statement. */
const MAX_BRANCHES = 64;

/** The ways to drive a search by this clause; none when it can only be probed. Of several, the one with the fewest counted rows is chosen. */
export function indexScans(clause: Clause, type: number): IndexScan[] {
  // Each range is a branch of its own: those of thousands would take longer to write than the search.
  if ((clause.kind === "range" || clause.kind === "updated") && clause.any.length > MAX_BRANCHES) return [];
  const found = driversOf(clause, type);
  return found.filter((driver) => driver.branches.length <= MAX_BRANCHES);
}

function driversOf(clause: Clause, type: number): IndexScan[] {
  switch (clause.kind) {
    case "key":
      return clause.not ? [] : [keyDriver(clause.slots, clause.any)];
    case "range":
      return clause.not ? [] : rangeDrivers(clause.slots, clause.any);
    case "missing": {
      if (clause.missing) return [];
      const { slots, prefix } = clause;
      if (prefix) {
        return [
          keyDriver(
            slots,
            prefix.map((one) => ({ prefix: one })),
          ),
        ];
      }
      const branches = slots.flatMap((slot) => [
        sql("SELECT k.seq AS seq FROM keys k INDEXED BY keys_value WHERE k.slot = ?", slot),
        sql("SELECT k.seq AS seq FROM ranges k INDEXED BY ranges_point WHERE k.high = k.low AND k.slot = ?", slot),
        sql("SELECT k.seq AS seq FROM ranges k INDEXED BY ranges_low WHERE k.high > k.low AND k.slot = ?", slot),
      ]);
      return [{ branches }];
    }
    case "id": {
      if (clause.not) return [];
      const ids = JSON.stringify(clause.any);
      return [
        {
          branches: [
            sql(
              "SELECT k.seq AS seq FROM json_each(?) j CROSS JOIN resource k INDEXED BY resource_id ON k.type = ? AND k.id = j.value",
              ids,
              type,
            ),
          ],
        },
      ];
    }
    case "updated": {
      const branches = clause.any.map((match) => {
        const test = rangeTest({ low: "k.updated", high: "k.updated" }, match);
        return sql(
          `SELECT k.seq AS seq FROM resource k INDEXED BY resource_updated WHERE k.type = ? AND ${test.text}`,
          type,
          ...test.values,
        );
      });
      return [{ branches }];
    }
    case "text":
      return [{ branches: [sql(TEXT_SCAN, textQuery(clause))] }];
    case "any":
      // The search weighs its groups one by one.
      return [];
  }
}

/**
 * The limit keeps SQLite from moving the conditions on `seq` into the scan: it would ask the full-text index once for each row, and with about
 * twenty such conditions not at all ("unable to use function MATCH in the requested context").
 */
const TEXT_SCAN = `SELECT seq FROM (SELECT rowid AS seq FROM words WHERE words MATCH ? AND ${inTime("rowid")} LIMIT -1)`;

function keyDriver(slots: number[], any: KeyMatch[]): IndexScan {
  const branches: Sql[] = [];
  const equal = any.filter((match) => "eq" in match).map((match) => match.eq);
  const ranges = rangesOf(any);
  const others = any.filter((match) => !("eq" in match || (ranges.length > 0 && "prefix" in match)));
  for (const slot of slots) {
    if (equal.length === 1) {
      branches.push(
        sql("SELECT k.seq AS seq FROM keys k INDEXED BY keys_value WHERE k.slot = ? AND k.value = ?", slot, equal[0] as string),
      );
    } else if (equal.length > 1) {
      const list = JSON.stringify(equal);
      branches.push(
        sql(
          "SELECT k.seq AS seq FROM json_each(?) j CROSS JOIN keys k INDEXED BY keys_value ON k.slot = ? AND k.value = j.value",
          list,
          slot,
        ),
      );
    }
    if (ranges.length > 0) {
      branches.push(
        sql(
          "SELECT k.seq AS seq FROM json_each(?) j CROSS JOIN keys k INDEXED BY keys_value ON k.slot = ? AND k.value >= j.value ->> 0 AND k.value < j.value ->> 1",
          JSON.stringify(ranges),
          slot,
        ),
      );
    }
    const from = "SELECT k.seq AS seq FROM keys k INDEXED BY keys_value WHERE k.slot = ?";
    if (others.length > FEW_VALUES) {
      const test = manyKeys("k.value", others);
      branches.push(sql(`${from} AND ${inTime("k.seq")} AND ${test.text}`, slot, ...test.values));
      continue;
    }
    for (const match of others) {
      const test = keyTest("k.value", match);
      branches.push(sql(`${from} AND ${"prefix" in match ? "" : `${inTime("k.seq")} AND `}${test.text}`, slot, ...test.values));
    }
  }
  return { branches, isDistinct: branches.length === 1 && equal.length === 1, isScan: others.some((match) => !("prefix" in match)) };
}

/** For several prefixes of one clause, the ranges of index values that begin with each; empty when a prefix has no upper end. */
function rangesOf(any: KeyMatch[]): [from: string, to: string][] {
  const prefixes = any.filter((match) => "prefix" in match).map(({ prefix }): [string, string | undefined] => [prefix, successor(prefix)]);
  const ranges = prefixes.filter((one): one is [string, string] => one[1] !== undefined);
  return prefixes.length > 1 && ranges.length === prefixes.length ? ranges : [];
}

/**
 * Scans by the low end or by the high end of a range, whichever a match bounds. A row's low end is never above its high end, so that a bound on
 * one end can be a bound on the other.
 */
function rangeDrivers(slots: number[], any: RangeMatch[]): IndexScan[] {
  const byLow: Required<Pick<IndexScan, "branches" | "counted">> = { branches: [], counted: [] };
  const byHigh: typeof byLow = { branches: [], counted: [] };
  let [isLowBound, isHighBound] = [true, true];
  for (const match of any) {
    const low: RangeMatch = {
      lowGe: match.lowGe,
      lowGt: match.lowGt,
      lowLt: match.lowLt,
      lowLe: least(match.lowLe, least(match.highLe, match.highLt)),
    };
    const high: RangeMatch = {
      highLe: match.highLe,
      highLt: match.highLt,
      highGt: match.highGt,
      highGe: greatest(match.highGe, greatest(match.lowGe, match.lowGt)),
    };
    isLowBound &&= isBound(low);
    isHighBound &&= isBound(high);
    const test = rangeTest(rangeColumns, match);
    const pointTest = rangeTest({ ...rangeColumns, high: "k.low" }, match);
    const lowTest = rangeTest(rangeColumns, low);
    const highTest = rangeTest(rangeColumns, high);
    for (const slot of slots) {
      const points = rangeRows("ranges_point", slot, pointTest);
      byLow.branches.push(points, rangeRows("ranges_low", slot, and([lowTest, test])));
      byLow.counted.push(points, rangeRows("ranges_low", slot, lowTest));
      byHigh.branches.push(points, rangeRows("ranges_high", slot, and([highTest, test])));
      byHigh.counted.push(points, rangeRows("ranges_high", slot, highTest));
    }
  }
  // Without a bound every row of the slot is read; then one end is enough.
  return [...(isLowBound || !isHighBound ? [byLow] : []), ...(isHighBound ? [byHigh] : [])];
}

const rangeColumns: RangeColumns = { low: "k.low", high: "k.high", unit: "k.unit" };

const isBound = (match: RangeMatch): boolean => Object.values(match).some((bound) => bound !== undefined);

function rangeRows(index: "ranges_point" | "ranges_low" | "ranges_high", slot: number, test: Sql): Sql {
  const kind = index === "ranges_point" ? "k.high = k.low" : "k.high > k.low";
  return sql(`SELECT k.seq AS seq FROM ranges k INDEXED BY ${index} WHERE ${kind} AND k.slot = ? AND ${test.text}`, slot, ...test.values);
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);
const greatest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b);
