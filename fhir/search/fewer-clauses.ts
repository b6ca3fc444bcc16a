/** Fewer clauses with the same matches: a store compares each clause with each candidate. Pure. */
import type { Clause } from "./query.ts";

/** One of equal clauses; and one for those that exclude values of the same parameter, as "not a" and "not b" is "neither a nor b". */
export function fewerClauses(clauses: Clause[]): Clause[] {
  if (clauses.length < 2) return clauses;
  const byName = new Map<string, Clause>();
  for (const clause of clauses) {
    const name = nameOf(clause);
    const known = byName.get(name);
    byName.set(name, known ? together(known, clause) : clause);
  }
  return [...byName.values()];
}

/** Clauses of the same name become one. */
function nameOf(clause: Clause): string {
  if (clause.kind === "id" && clause.not) return "not id";
  if ((clause.kind === "key" || clause.kind === "range") && clause.not && !("bare" in clause)) return `not ${clause.kind} ${clause.slots}`;
  return JSON.stringify(clause);
}

function together(first: Clause, second: Clause): Clause {
  // Equal, unless both exclude values.
  if (!("not" in first) || !first.not || first.kind !== second.kind) return first;
  return { ...first, any: [...first.any, ...(second as typeof first).any] } as Clause;
}
