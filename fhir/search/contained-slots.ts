/**
 * Slots of contained resources, for chains into them (FHIR R4, search.html#contained). The rows of a contained resource are stored with the
 * containing one, in slots that include the reference by which it is reached. They are plain numbers, so that a store need not know of them.
 */
import type { Clause } from "./query.ts";

/** Greater than any slot of a type (`query.ts`). */
const PER_LEVEL = 100_000;
/** References from one contained resource to another that are followed; a third would exceed an exact number. */
const MAX_LEVELS = 2;

/** The slot of `inner` in a contained resource that is reached by `reference`; undefined if it is too deep. */
export function containedSlot(reference: number, inner: number): number | undefined {
  return reference < PER_LEVEL ** MAX_LEVELS ? (reference + 1) * PER_LEVEL + inner : undefined;
}

/** Whether contained resources that these references reach have no slots. */
export const areTooDeep = (references: number[]): boolean =>
  references.length > 0 && references.every((reference) => containedSlot(reference, 0) === undefined);

/** The slots for all combinations. */
export function containedSlots(references: number[], inner: number[]): number[] {
  return references.flatMap((reference) => inner.flatMap((slot) => containedSlot(reference, slot) ?? []));
}

/**
 * Clauses on a referenced resource as clauses on the resource that refers to and contains it; undefined if there are none, since contained
 * resources have no id, time or text of their own. If one reference reaches several resources, a negation applies to all.
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
