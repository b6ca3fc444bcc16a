/** Finds the best way to walk many matches in order of creation: along the rows of a key that all of them have. */
import type { Clause } from "../../fhir/search/query.ts";
import { successor } from "../../fhir/search/text-order.ts";
import type { Lane } from "./axis.ts";
import { q, sql } from "./sql-fragments.ts";
import type { Database } from "./database.ts";

/** Most lanes that are read side by side. */
const MAX_LANES = 8;
/** Keys that have more rows than this are equally good. */
const MANY = 20_000;

/**
 * Lanes that together hold every match, each in order of creation; none when no clause asks for few enough values. A prefix with
 * only a few values in the data (a code without system) counts as those values.
 */
export function eqLanes(db: Database, clauses: Clause[]): { lanes: Lane[]; covers?: Clause } {
  const candidates = clauses.flatMap((clause) => {
    const lanes = lanesOf(db, clause);
    return lanes.length > 0 ? [{ lanes, covers: clause }] : [];
  });
  if (candidates.length < 2) return candidates[0] ?? { lanes: [] };
  const counted = candidates.map((candidate) => ({
    ...candidate,
    rows: candidate.lanes.reduce((sum, lane) => sum + countUpTo(db, lane), 0),
  }));
  return counted.reduce((best, one) => (one.rows < best.rows ? one : best));
}

/** The lanes of one clause; none if it has too many values or is not a key clause. */
export function lanesOf(db: Database, clause: Clause): Lane[] {
  if (clause.kind !== "key" || clause.not) return [];
  const lanes: Lane[] = [];
  for (const slot of clause.slots) {
    for (const match of clause.any) {
      let values: string[] | undefined;
      if ("eq" in match) values = [match.eq];
      else if ("prefix" in match) values = valuesOf(db, slot, match.prefix, MAX_LANES - lanes.length);
      if (!values || lanes.length + values.length > MAX_LANES) return [];
      for (const value of values) {
        lanes.push({ from: "keys k INDEXED BY keys_value", column: "k.value", where: q`k.slot = ${slot} AND k.value = ${value}` });
      }
    }
  }
  return lanes;
}

/** The distinct values with this prefix, at one index lookup each; undefined when there are more than `most`. */
function valuesOf(db: Database, slot: number, prefix: string, most: number): string[] | undefined {
  const values: string[] = [];
  const end = successor(prefix);
  const bound = end === undefined ? sql("1") : q`k.value < ${end}`;
  let from = q`k.value >= ${prefix}`;
  for (;;) {
    const next = q`SELECT k.value AS value FROM keys k INDEXED BY keys_value WHERE k.slot = ${slot} AND ${from} AND ${bound} ORDER BY k.value LIMIT 1`;
    const value = db.get<{ value: string }>(next.text, ...next.values)?.value;
    if (value === undefined) return values;
    if (values.length === most) return undefined;
    values.push(value);
    from = q`k.value > ${value}`;
  }
}

function countUpTo(db: Database, { from, where }: Lane): number {
  const { text, values } = q`SELECT count(*) AS n FROM (SELECT 1 FROM ${sql(from)} WHERE ${where} LIMIT ${MANY + 1})`;
  return db.one<{ n: number }>(text, ...values).n;
}
