/** The plain meaning of clauses: what every store must answer, without an index. */
import type { Clause, IndexRows, KeyMatch, RangeMatch } from "./query.ts";

export interface Candidate {
  id: string;
  /** meta.lastUpdated, milliseconds since 1970. */
  updated: number;
  rows: IndexRows;
}

/** True when all clauses hold for it. Full text is not in the rows: a clause on it throws. */
export function holds(clauses: Clause[], candidate: Candidate): boolean {
  return clauses.every((clause) => holdsOne(clause, candidate));
}

function holdsOne(clause: Clause, candidate: Candidate): boolean {
  const { keys, ranges } = candidate.rows;
  switch (clause.kind) {
    case "key":
      return (
        keys.some(([slot, value]) => clause.slots.includes(slot) && clause.any.some((match) => isKey(match, value))) !==
        (clause.not ?? false)
      );
    case "range":
      return (
        ranges.some(
          ([slot, low, high, unit]) => clause.slots.includes(slot) && clause.any.some((match) => isRange(match, low, high, unit)),
        ) !== (clause.not ?? false)
      );
    case "missing": {
      const { prefix } = clause;
      const hasKey = keys.some(
        ([slot, value]) => clause.slots.includes(slot) && (!prefix || prefix.some((start) => value.startsWith(start))),
      );
      const hasRange = !prefix && ranges.some(([slot]) => clause.slots.includes(slot));
      return (hasKey || hasRange) !== clause.missing;
    }
    case "id":
      return clause.any.includes(candidate.id) !== (clause.not ?? false);
    case "updated":
      return clause.any.some((match) => isRange(match, candidate.updated, candidate.updated, ""));
    case "any":
      return clause.of.some((group) => holds(group, candidate));
    case "text":
      throw new Error("Full text is not among the rows.");
  }
}

function isKey(match: KeyMatch, value: string): boolean {
  if ("eq" in match) return value === match.eq;
  if ("prefix" in match) return value.startsWith(match.prefix);
  if (value[0] !== match.facet) return false;
  return "contains" in match ? value.includes(match.contains, 1) : value.endsWith(match.ends) && value.length > match.ends.length;
}

function isRange(match: RangeMatch, low: number, high: number, unit: string): boolean {
  const { lowGe, lowGt, lowLe, lowLt, highGe, highGt, highLe, highLt } = match;
  if (lowGe !== undefined && !(low >= lowGe)) return false;
  if (lowGt !== undefined && !(low > lowGt)) return false;
  if (lowLe !== undefined && !(low <= lowLe)) return false;
  if (lowLt !== undefined && !(low < lowLt)) return false;
  if (highGe !== undefined && !(high >= highGe)) return false;
  if (highGt !== undefined && !(high > highGt)) return false;
  if (highLe !== undefined && !(high <= highLe)) return false;
  if (highLt !== undefined && !(high < highLt)) return false;
  if (!match.unit) return true;
  return "eq" in match.unit ? unit === match.unit.eq : unit.startsWith(match.unit.prefix);
}
