/**
 * Slots of what a resource contains, for chains that lead into it (FHIR R4, search.html#contained): the rows of a contained resource stand
 * with the resource itself, in slots that name the reference by which they are reached. Pure numbers, so that a store need not know.
 */
import type { Clause } from "./query.ts";

/** Above any slot of a type (`query.ts`). */
const PER_LEVEL = 100_000;
/** References that lead from one contained resource to another; a third would not fit into an exact number. */
const MAX_LEVELS = 2;

/** The slot in which a value of `inner`, of a contained resource that `reference` leads to, is found; undefined too deep. */
export function containedSlot(reference: number, inner: number): number | undefined {
  return reference < PER_LEVEL ** MAX_LEVELS ? (reference + 1) * PER_LEVEL + inner : undefined;
}

/** Whether what these references lead to, where it is contained, has no slots. */
export const areTooDeep = (references: number[]): boolean =>
  references.length > 0 && references.every((reference) => containedSlot(reference, 0) === undefined);

/** All pairs. */
export function containedSlots(references: number[], inner: number[]): number[] {
  return references.flatMap((reference) => inner.flatMap((slot) => containedSlot(reference, slot) ?? []));
}

/**
 * Clauses about what is referred to, as clauses about what refers to it and contains it; undefined where there are none: what is contained
 * has no id, time or text of its own. Of several resources that one reference leads to, a negation is about all.
 */
export function clausesWithin(references: number[], type: string, clauses: Clause[]): Clause[] | undefined {
  const within: Clause[] = [];
  for (const clause of clauses) {
    const one = clauseWithin(references, clause);
    if (!one) return undefined;
    within.push(one);
  }
  const isNegation = (clause: Clause) => ("not" in clause && clause.not === true) || (clause.kind === "missing" && clause.missing);
  return clauses.some(isNegation) ? [{ kind: "key", slots: references, any: [{ prefix: `#${type}/` }] }, ...within] : within;
}

function clauseWithin(references: number[], clause: Clause): Clause | undefined {
  if (clause.kind === "key" || clause.kind === "range" || clause.kind === "missing") {
    const slots = containedSlots(references, clause.slots);
    if (slots.length === 0) return undefined;
    if (clause.kind !== "key") return { ...clause, slots };
    const { bare: _, ...rest } = clause;
    return { ...rest, slots };
  }
  if (clause.kind !== "any") return undefined;
  const of = clause.of.flatMap((group) => {
    const within = group.map((one) => clauseWithin(references, one));
    return within.every((one) => one !== undefined) ? [within] : [];
  });
  return of.length > 0 ? { kind: "any", of } : undefined;
}
