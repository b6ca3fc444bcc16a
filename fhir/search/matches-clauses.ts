/**
 * What clauses mean, without an index: for tests of what searches mean, and for conditional creates, which must also see what the
 * earlier steps of the same write make.
 */
import type { Clause, IndexRows, KeyMatch, RangeMatch } from "./query.ts";

/** A resource as a clause sees it. */
export interface Candidate {
  id: string;
  /** Milliseconds since 1970. */
  updated: number;
  index: IndexRows;
}

/** True when all clauses hold. Full text is not looked at: such a clause never holds here. */
export function matchesClauses(clauses: Clause[], candidate: Candidate): boolean {
  return clauses.every((clause) => matchesClause(clause, candidate));
}

function matchesClause(clause: Clause, { id, updated, index }: Candidate): boolean {
  switch (clause.kind) {
    case "key":
      return (
        index.keys.some(([slot, value]) => clause.slots.includes(slot) && clause.any.some((m) => keyMatches(m, value))) !== !!clause.not
      );
    case "range":
      return (
        index.ranges.some(
          ([slot, low, high, unit]) => clause.slots.includes(slot) && clause.any.some((m) => rangeMatches(m, low, high, unit)),
        ) !== !!clause.not
      );
    case "missing": {
      const { slots, prefix } = clause;
      const some =
        index.keys.some(([slot, value]) => slots.includes(slot) && (!prefix || prefix.some((p) => value.startsWith(p)))) ||
        (!prefix && index.ranges.some(([slot]) => slots.includes(slot)));
      return some !== clause.missing;
    }
    case "id":
      return clause.any.includes(id) !== !!clause.not;
    case "updated":
      return clause.any.some((m) => rangeMatches(m, updated, updated, ""));
    case "any":
      return clause.of.some((group) => group.every((inner) => matchesClause(inner, { id, updated, index })));
    case "text":
      return false;
  }
}

function keyMatches(match: KeyMatch, value: string): boolean {
  if ("eq" in match) return value === match.eq;
  if ("prefix" in match) return value.startsWith(match.prefix);
  if (!value.startsWith(match.facet)) return false;
  const rest = value.slice(match.facet.length);
  return "contains" in match ? rest.includes(match.contains) : rest.endsWith(match.ends);
}

function rangeMatches(match: RangeMatch, low: number, high: number, unit: string): boolean {
  if (match.lowGe !== undefined && !(low >= match.lowGe)) return false;
  if (match.lowGt !== undefined && !(low > match.lowGt)) return false;
  if (match.lowLe !== undefined && !(low <= match.lowLe)) return false;
  if (match.lowLt !== undefined && !(low < match.lowLt)) return false;
  if (match.highGe !== undefined && !(high >= match.highGe)) return false;
  if (match.highGt !== undefined && !(high > match.highGt)) return false;
  if (match.highLe !== undefined && !(high <= match.highLe)) return false;
  if (match.highLt !== undefined && !(high < match.highLt)) return false;
  if (!match.unit) return true;
  return "eq" in match.unit ? unit === match.unit.eq : unit.startsWith(match.unit.prefix);
}
