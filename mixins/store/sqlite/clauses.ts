/**
 * Clauses as SQL. Each clause can *probe* (does the resource at hand answer it?) and some can *drive* (list the resources that
 * may answer it, from an index). What a client gives is always a bound parameter.
 */
import type { Clause, KeyMatch, RangeMatch } from "../../../fhir/search/query.ts";
import { phrasesOf, successor } from "../text.ts";
import type { Sql, Value } from "./database.ts";

export const sql = (text: string, ...values: Value[]): Sql => ({ text, values });

/** Joins pieces; nested in pairs, because SQLite bounds the depth of an expression, not its width. */
export function join(pieces: Sql[], word: "AND" | "OR", empty: "1" | "0"): Sql {
  if (pieces.length === 0) return sql(empty);
  if (pieces.length === 1) return pieces[0] as Sql;
  const half = pieces.length >> 1;
  const [a, b] = [join(pieces.slice(0, half), word, empty), join(pieces.slice(half), word, empty)];
  return sql(`(${a.text} ${word} ${b.text})`, ...a.values, ...b.values);
}

export const and = (pieces: Sql[]): Sql => join(pieces, "AND", "1");
export const or = (pieces: Sql[]): Sql => join(pieces, "OR", "0");
const not = (piece: Sql): Sql => sql(`NOT ${piece.text}`, ...piece.values);

/** Of more values than this, SQLite would look each up for every row instead of the row's among them. */
const MANY_VALUES = 8;

/** `column` is one of the values; a long list is one parameter, so that the statement's text stays the same. */
export function oneOf(column: string, values: (string | number)[]): Sql {
  if (values.length === 1) return sql(`${column} = ?`, values[0] as Value);
  if (typeof values[0] === "number" && values.length <= MANY_VALUES)
    return sql(`${column} IN (${values.map(() => "?").join(", ")})`, ...values);
  // The plus keeps the list from being walked through an index.
  return sql(`${values.length > MANY_VALUES ? "+" : ""}${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));
}

/** `column` starts with the text. */
export function startsWith(column: string, prefix: string): Sql {
  const end = successor(prefix);
  return end === undefined ? sql(`${column} >= ?`, prefix) : sql(`${column} >= ? AND ${column} < ?`, prefix, end);
}

function keyTest(column: string, match: KeyMatch): Sql {
  if ("eq" in match) return sql(`${column} = ?`, match.eq);
  if ("prefix" in match) return startsWith(column, match.prefix);
  const facet = startsWith(column, match.facet);
  const rest = `substr(${column}, ${[...match.facet].length + 1})`;
  if ("contains" in match) return sql(`${facet.text} AND instr(${rest}, ?) > 0`, ...facet.values, match.contains);
  if (match.ends === "") return facet;
  return sql(`${facet.text} AND substr(${rest}, -length(?)) = ?`, ...facet.values, match.ends, match.ends);
}

/** The equalities of a key clause as one test, the rest one by one. */
function keyTests(column: string, any: KeyMatch[]): Sql[] {
  const equal = any.filter((match) => "eq" in match).map((match) => match.eq);
  const others = any.filter((match) => !("eq" in match)).map((match) => parenthesised(keyTest(column, match)));
  return equal.length > 0 ? [oneOf(column, equal), ...others] : others;
}

const parenthesised = (piece: Sql): Sql => sql(`(${piece.text})`, ...piece.values);

const bounds = [
  ["lowGe", "low", ">="],
  ["lowGt", "low", ">"],
  ["lowLe", "low", "<="],
  ["lowLt", "low", "<"],
  ["highGe", "high", ">="],
  ["highGt", "high", ">"],
  ["highLe", "high", "<="],
  ["highLt", "high", "<"],
] as const;

interface RangeColumns {
  low: string;
  high: string;
  unit?: string;
}

function rangeTest(columns: RangeColumns, match: RangeMatch): Sql {
  const tests: Sql[] = [];
  for (const [name, edge, operator] of bounds) {
    const bound = match[name];
    if (bound !== undefined) tests.push(sql(`${columns[edge]} ${operator} ?`, bound));
  }
  const { unit } = match;
  if (unit && columns.unit) tests.push("eq" in unit ? sql(`${columns.unit} = ?`, unit.eq) : startsWith(columns.unit, unit.prefix));
  else if (unit && ("eq" in unit ? unit.eq : unit.prefix) !== "") tests.push(sql("0"));
  return tests.length > 0 ? sql(`(${tests.map((test) => test.text).join(" AND ")})`, ...tests.flatMap((test) => test.values)) : sql("1");
}

/** Is there a row of `table` for the resource, in one of the slots, that passes one of the tests? */
function someRow(table: "keys" | "ranges", seq: string, slots: number[], tests: Sql[]): Sql {
  if (slots.length === 0 || tests.length === 0) return sql("0");
  const slot = oneOf("p.slot", slots);
  const test = or(tests);
  return sql(
    `EXISTS (SELECT 1 FROM ${table} p INDEXED BY sqlite_autoindex_${table}_1 WHERE p.seq = ${seq} AND ${slot.text} AND ${test.text})`,
    ...slot.values,
    ...test.values,
  );
}

/**
 * The clause as a condition on the resource at hand.
 * @param seq column with the resource's place; `r` must be its row in `resource`
 */
export function probe(clause: Clause, seq = "r.seq"): Sql {
  switch (clause.kind) {
    case "key": {
      const some = someRow("keys", seq, clause.slots, keyTests("p.value", clause.any));
      return clause.not ? not(some) : some;
    }
    case "range": {
      const tests = clause.any.map((match) => rangeTest({ low: "p.low", high: "p.high", unit: "p.unit" }, match));
      const some = someRow("ranges", seq, clause.slots, tests);
      return clause.not ? not(some) : some;
    }
    case "missing": {
      const { slots, prefix } = clause;
      const tests = prefix ? prefix.map((one) => parenthesised(startsWith("p.value", one))) : [sql("1")];
      const keys = someRow("keys", seq, slots, tests);
      const some = prefix ? keys : or([keys, someRow("ranges", seq, slots, [sql("1")])]);
      return clause.missing ? not(some) : some;
    }
    case "id": {
      const some = clause.any.length > 0 ? oneOf("r.id", clause.any) : sql("0");
      return clause.not ? not(parenthesised(some)) : some;
    }
    case "updated":
      return or(clause.any.map((match) => rangeTest({ low: "r.updated", high: "r.updated" }, match)));
    case "any":
      return or(clause.of.map((group) => and(group.map((inner) => probe(inner, seq)))));
    case "text":
      return sql(`${seq} IN (SELECT rowid FROM words WHERE words MATCH ?)`, textQuery(clause.in, clause.query));
  }
}

/** A full-text question as FTS5 reads it. */
export function textQuery(where: "content" | "text", query: string): string {
  const column = where === "content" ? "content" : "narrative";
  const alternatives = phrasesOf(query).map((phrases) => phrases.map((phrase) => `"${phrase}"`).join(" "));
  return `${column} : (${alternatives.length > 0 ? alternatives.join(" OR ") : '""'})`;
}

/** One list of what several pieces list. */
export const unionAll = (branches: Sql[]): Sql =>
  sql(branches.map(({ text }) => text).join(" UNION ALL "), ...branches.flatMap(({ values }) => values));

/** Statement pieces that list the places (`seq`) of all resources that may answer a clause, each from an index; places may repeat. */
export interface Driver {
  branches: Sql[];
  /** The index rows that the branches look at, where these are more than those that they list; absent: the same. */
  counted?: Sql[];
  /** No place occurs twice. */
  isDistinct?: boolean;
  /** True when one has to look at every value of the slot to find the few that match. */
  isScan?: boolean;
}

/** More branches than this are probed instead; SQLite takes 500 in one statement. */
const MAX_BRANCHES = 64;

/** The ways to drive a search by this clause; none when it can only be probed. Where there are several, the measured one decides. */
export function drivers(clause: Clause, type: number): Driver[] {
  const found = driversOf(clause, type);
  return found.filter((driver) => driver.branches.length <= MAX_BRANCHES);
}

function driversOf(clause: Clause, type: number): Driver[] {
  switch (clause.kind) {
    case "key":
      return clause.not ? [] : [keyDriver(clause.slots, clause.any)];
    case "range":
      return clause.not ? [] : rangeDrivers(clause.slots, clause.any);
    case "missing": {
      if (clause.missing) return [];
      const { slots, prefix } = clause;
      if (prefix)
        return [
          keyDriver(
            slots,
            prefix.map((one) => ({ prefix: one })),
          ),
        ];
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
      return [{ branches: [sql("SELECT rowid AS seq FROM words WHERE words MATCH ?", textQuery(clause.in, clause.query))] }];
    case "any":
      // Its groups are weighed one by one by the search.
      return [];
  }
}

function keyDriver(slots: number[], any: KeyMatch[]): Driver {
  const branches: Sql[] = [];
  const equal = any.filter((match) => "eq" in match).map((match) => match.eq);
  const others = any.filter((match) => !("eq" in match));
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
    for (const match of others) {
      const test = keyTest("k.value", match);
      branches.push(sql(`SELECT k.seq AS seq FROM keys k INDEXED BY keys_value WHERE k.slot = ? AND ${test.text}`, slot, ...test.values));
    }
  }
  return { branches, isDistinct: branches.length === 1 && equal.length === 1, isScan: others.some((match) => !("prefix" in match)) };
}

/**
 * By the low end or by the high end, whichever a match bounds. A row's low end is never above its high end, so a bound on one end can be
 * a bound on the other.
 */
function rangeDrivers(slots: number[], any: RangeMatch[]): Driver[] {
  const byLow: Required<Pick<Driver, "branches" | "counted">> = { branches: [], counted: [] };
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
  // Without a bound every row of the slot is looked at; from one end is enough.
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
