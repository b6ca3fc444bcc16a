/** Clauses as SQL conditions on one resource. How a clause drives a search: `index-scans.ts`. */
import type { Clause, KeyMatch, RangeMatch } from "../../fhir/search/query.ts";
import type { Sql } from "./database.ts";
import { FEW_VALUES, keyTestOf, numberOf, rangeTestOf } from "./many-values.ts";
import { and, not, oneOf, or, parenthesised, sql, startsWith } from "./sql-fragments.ts";

/** Condition: `column`, the value of a key row, passes the match. */
export function keyTest(column: string, match: KeyMatch): Sql {
  if ("eq" in match) return sql(`${column} = ?`, match.eq);
  if ("prefix" in match) return startsWith(column, match.prefix);
  const facet = startsWith(column, match.facet);
  const rest = `substr(${column}, ${[...match.facet].length + 1})`;
  if ("contains" in match) return sql(`${facet.text} AND instr(${rest}, ?) > 0`, ...facet.values, match.contains);
  if (match.ends === "") return facet;
  return sql(`${facet.text} AND substr(${rest}, -length(?)) = ?`, ...facet.values, match.ends, match.ends);
}

/** The equalities of a key clause as one condition, the others one by one, or by a function where there are many. */
function keyTests(column: string, any: KeyMatch[]): Sql[] {
  const equal = any.filter((match) => "eq" in match).map((match) => match.eq);
  const others = any.filter((match) => !("eq" in match));
  return [
    ...(equal.length > 0 ? [oneOf(column, equal)] : []),
    ...(others.length > FEW_VALUES ? [manyKeys(column, others)] : others.map((match) => parenthesised(keyTest(column, match)))),
  ];
}

/** Condition: `column` is one of many values. */
export const manyKeys = (column: string, any: KeyMatch[]): Sql => sql(`key_passes(?, ${column})`, numberOf({ key: keyTestOf(any) }));

function rangeTests(columns: Required<RangeColumns>, any: RangeMatch[]): Sql[] {
  if (any.length <= FEW_VALUES) return any.map((match) => rangeTest(columns, match));
  const { low, high, unit } = columns;
  return [sql(`range_passes(?, ${low}, ${high}, ${unit})`, numberOf({ range: rangeTestOf(any) }))];
}

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

/** Names of the columns that hold the ends and the unit of a range. */
export interface RangeColumns {
  low: string;
  high: string;
  unit?: string;
}

/** Condition: the range passes the match by its ends and, if the match has one, its unit. */
export function rangeTest(columns: RangeColumns, match: RangeMatch): Sql {
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

/** True for every row, and ends a statement that takes too long (`Database.within`). */
export const inTime = (column: string): string => `in_time(${column})`;

/** Condition: the resource has a row in `table`, in one of the slots, that passes one of the tests. */
function someRow(table: "keys" | "ranges", seq: string, slots: number[], tests: Sql[]): Sql {
  if (slots.length === 0 || tests.length === 0) return sql("0");
  const slot = oneOf("p.slot", slots);
  const test = or(tests);
  return sql(
    `EXISTS (SELECT 1 FROM ${table} p INDEXED BY sqlite_autoindex_${table}_1 WHERE p.seq = ${seq} AND ${slot.text} AND ${inTime("p.seq")} AND ${test.text})`,
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
      const some = someRow("ranges", seq, clause.slots, rangeTests({ low: "p.low", high: "p.high", unit: "p.unit" }, clause.any));
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
      return or(rangeTests({ low: "r.updated", high: "r.updated", unit: "''" }, clause.any));
    case "any":
      return or(clause.of.map((group) => and(group.map((inner) => probe(inner, seq)))));
    case "text":
      return sql(`${seq} IN (SELECT rowid FROM words WHERE words MATCH ? AND ${inTime("rowid")})`, textQuery(clause));
  }
}

/** A full-text question as FTS5 reads it. */
export function textQuery({ in: where, any }: Extract<Clause, { kind: "text" }>): string {
  const quoted = (phrases: string[]) => phrases.map((phrase) => `"${phrase.replaceAll('"', "")}"`);
  const alternatives = any.map(({ all, none }) => {
    const wanted = `(${quoted(all).join(" AND ")})`;
    return none.length > 0 ? `(${wanted} NOT (${quoted(none).join(" OR ")}))` : wanted;
  });
  return `${where === "content" ? "content" : "narrative"} : (${alternatives.join(" OR ") || '""'})`;
}
