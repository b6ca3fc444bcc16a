/** Which resources belong to a compartment, as clauses, and for one resource (FHIR R4, compartmentdefinition.html). */
import type { Resource } from "../resource.ts";
import { indexOf } from "./extract.ts";
import { exactly, slotsOfParameters, toAnyOf } from "./exact-clauses.ts";
import { compartmentOf } from "./parameters.ts";
import type { Clause } from "./query.ts";

/**
 * The clauses by which a resource of `type` belongs to a compartment; undefined: no resource of that type does.
 * For the compartment's own type: the resource itself, and what R4 adds to it (Patients that link to the Patient).
 * @param id absent: any compartment of this kind
 */
export function membership(compartment: string, id: string | undefined, type: string): Clause[] | undefined {
  if (type === compartment && id === undefined) return [];
  const [only, ...more] = waysInto(compartment, id, type);
  if (!only) return undefined;
  return more.length === 0 ? [only] : [{ kind: "any", of: [only, ...more].map((way) => [way]) }];
}

/** The opposite of `membership`: the clauses by which a resource of `type` is outside; none if no resource of that type is inside. */
export const outside = (compartment: string, id: string | undefined, type: string): Clause[] =>
  waysInto(compartment, id, type).map((way) => ({ ...way, not: true }));

/** Whether one resource belongs to a compartment, consistent with `membership`. */
export function isMember(compartment: string, id: string, resource: Resource): boolean {
  const { resourceType: type } = resource;
  if (type === compartment && resource.id === id) return true;
  const slots = slotsInto(compartment, type);
  if (slots.length === 0) return false;
  const { eq } = exactly(`${compartment}/${id}`);
  return indexOf(resource).keys.some(([slot, value]) => value === eq && slots.includes(slot));
}

const slotsInto = (compartment: string, type: string): number[] =>
  slotsOfParameters(
    type,
    compartmentOf(compartment, type).filter((code) => code !== "_id"),
  );

/** The ways to belong to a compartment; each is sufficient. */
function waysInto(compartment: string, id: string | undefined, type: string): Extract<Clause, { kind: "key" | "id" }>[] {
  const slots = slotsInto(compartment, type);
  const any = [id === undefined ? toAnyOf(compartment) : exactly(`${compartment}/${id}`)];
  return [
    ...(type === compartment && id !== undefined ? [{ kind: "id" as const, any: [id] }] : []),
    ...(slots.length > 0 ? [{ kind: "key" as const, slots, any }] : []),
  ];
}
