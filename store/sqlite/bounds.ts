/** The part of an axis that can hold matches: a search by date that is sorted by date need not begin with the oldest. */
import type { Clause, RangeMatch, SortKey } from "../../fhir/search/query.ts";
import type { Bounds } from "./axis.ts";

/** The values of the sort key between which all matches lie, with the clauses that say so; undefined if no clause does. */
export function boundsOf(key: SortKey, clauses: Clause[]): { bounds: Bounds; clauses: Clause[] } | undefined {
  const saying = clauses.filter((clause) => isAbout(clause, key));
  const found: Bounds = { least: undefined, greatest: undefined };
  for (const clause of saying) {
    const each = (clause as { any: RangeMatch[] }).any.map((match) => ends(match, key));
    const least = each.map((one) => one.least).reduce(both(Math.min));
    const greatest = each.map((one) => one.greatest).reduce(both(Math.max));
    found.least = either(Math.max)(found.least, least);
    found.greatest = either(Math.min)(found.greatest, greatest);
  }
  return found.least === undefined && found.greatest === undefined ? undefined : { bounds: found, clauses: saying };
}

function isAbout(clause: Clause, key: SortKey): boolean {
  if (clause.kind === "updated") return key.by === "updated" && clause.any.length > 0;
  if (clause.kind !== "range" || clause.not || key.by !== "range" || clause.any.length === 0) return false;
  return key.slots.length === 1 && clause.slots.length === 1 && clause.slots[0] === key.slots[0];
}

/** A row's low end is never above its high end, so a bound on the one can be a bound on the other. */
function ends(match: RangeMatch, key: SortKey): Bounds {
  const [low, high] = [either(Math.max)(match.lowGe, match.lowGt), either(Math.max)(match.highGe, match.highGt)];
  const [lowMost, highMost] = [either(Math.min)(match.lowLe, match.lowLt), either(Math.min)(match.highLe, match.highLt)];
  const isPoint = key.by === "updated"; // both ends at once
  const isLow = key.by === "range" && key.edge === "low";
  return {
    least: isLow ? low : either(Math.max)(low, high),
    greatest: isPoint || isLow ? either(Math.min)(lowMost, highMost) : highMost,
  };
}

type Pick = (a: number, b: number) => number;
type Bound = number | undefined;
/** The intersection of two bounds. */
const either =
  (pick: Pick) =>
  (a: Bound, b: Bound): Bound =>
    a === undefined ? b : b === undefined ? a : pick(a, b);
/** The union of two bounds. */
const both =
  (pick: Pick) =>
  (a: Bound, b: Bound): Bound =>
    a === undefined || b === undefined ? undefined : pick(a, b);
