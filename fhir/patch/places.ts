/** Resolves the paths of a FHIRPath Patch to places in a resource. */
import { TooCostly } from "../expressions/budget.ts";
import type { Location } from "../fhirpath.ts";
import { fhirError } from "../outcome.ts";
import { MemberKind, type PlanMember, type ObjectPlan, objectPlanOf, planOfMember } from "../validate/type-plan.ts";
import type { Resource } from "../resource.ts";
import { NotPlain } from "../validate/rules/parse-expression.ts";
import { type Operation, unfit } from "./operations.ts";
import { nonNull } from "../non-null.ts";

/** The locations of the elements that a path returns. @throws Error if it is no path to elements; NotPlain and TooCostly reach the caller */
export type Locate = (path: string, resource: Resource) => Location[];

/** The resource under patch, and the function that resolves paths in it. */
export interface Patched {
  resource: Resource;
  locate: Locate;
}

type Json = Record<string, unknown>;

/** The place of an element: in a member of an object, and in a list at an index. */
export interface ElementPlace {
  parent: Json;
  member: PlanMember;
  index: number | undefined;
  /** The place of its parent; undefined for the resource. */
  above: ElementPlace | undefined;
}

function locations({ resource, locate }: Patched, operation: Operation): Location[] {
  try {
    return locate(operation.path, resource);
  } catch (error) {
    if (error instanceof NotPlain || error instanceof TooCostly) throw error;
    if (error instanceof RangeError) throw new TooCostly();
    throw fhirError(
      400,
      "invalid",
      `Operation ${operation.number} of the patch has a path that is no FHIRPath to elements of the resource.`,
    );
  }
}

/** The one element that the path names; undefined if there is none. */
export function onePlace(patched: Patched, operation: Operation): ElementPlace | undefined {
  const found = locations(patched, operation);
  if (found.length > 1) throw unfit(operation, "the path leads to several elements; it must lead to one");
  if (found.length === 0) return undefined;
  if (nonNull(found[0]).length === 0) throw unfit(operation, "the whole resource cannot be deleted or replaced by a patch");
  return placeAt(patched.resource, operation, nonNull(found[0]));
}

function placeAt(resource: Resource, operation: Operation, location: Location): ElementPlace {
  let plan: ObjectPlan | undefined = objectPlanOf(resource.resourceType);
  let value: unknown = resource;
  let place: ElementPlace | undefined;
  for (let i = 0; i < location.length; ) {
    const name = String(location[i]);
    const next = location[i + 1];
    const index = typeof next === "number" ? next : undefined;
    i += index === undefined ? 1 : 2;
    const member: PlanMember | undefined = plan?.members.get(name) ?? choiceIn(plan, name, value as Json);
    // FHIRPath finds the extensions of a primitive under its own name; JSON has them under another.
    const parent: Json | undefined = place?.member.kind === MemberKind.primitive ? siblingOf(place) : (value as Json);
    if (!member || !parent) throw unfit(operation, "the path leads to what R4 does not define");
    place = { parent, member, index, above: place };
    const held = parent[member.name];
    value = index === undefined ? held : (held as unknown[] | undefined)?.[index];
    plan = planBelow(member, value);
  }
  return nonNull(place);
}

/** FHIRPath names a choice without its type: `value`. */
function choiceIn(plan: ObjectPlan | undefined, name: string, object: Json): PlanMember | undefined {
  return plan?.members.values().find((member) => member.choice === name && member.kind !== MemberKind.sibling && isIn(object, member));
}

const isIn = (object: Json, { name }: PlanMember) => object[name] !== undefined || object[`_${name}`] !== undefined;

function planBelow(member: PlanMember, value: unknown): ObjectPlan | undefined {
  if (member.kind === MemberKind.resource) return objectPlanOf(String((value as { resourceType?: unknown } | undefined)?.resourceType));
  return member.kind === MemberKind.primitive ? objectPlanOf("Element") : planOfMember(member);
}

/** The object with a primitive's id and extensions; creates it if it does not exist. */
function siblingOf({ parent, member, index }: ElementPlace): Json {
  const name = `_${member.name}`;
  if (index === undefined) {
    parent[name] ??= {};
    return parent[name] as Json;
  }
  parent[name] ??= (parent[member.name] as unknown[]).map(() => null);
  const list = parent[name] as (Json | null)[];
  list[index] ??= {};
  return list[index];
}

/** The one object that the path names, with R4's definition of it. @throws FhirError 422 if the path names none or several */
export function objectAt(patched: Patched, operation: Operation): { object: Json; plan: ObjectPlan } {
  const { resource } = patched;
  const found = locations(patched, operation);
  if (found.length !== 1) {
    throw unfit(operation, found.length ? "the path leads to several elements; it must lead to one" : "there is nothing at that path");
  }
  const [location] = found as [Location];
  if (location.length === 0) return { object: resource, plan: nonNull(objectPlanOf(resource.resourceType)) };
  const place = placeAt(resource, operation, location);
  const held = place.parent[place.member.name];
  const value = place.index === undefined ? held : (held as unknown[])[place.index];
  const object = place.member.kind === MemberKind.primitive ? siblingOf(place) : (value as Json);
  const plan = planBelow(place.member, value);
  if (!plan || typeof object !== "object") throw unfit(operation, "the path leads to what R4 does not define");
  return { object, plan };
}

/** The list that the path names: all of its elements, or none if it does not exist yet. */
export function listAt(patched: Patched, operation: Operation): { parent: Json; member: PlanMember; plan: ObjectPlan } {
  const places = locations(patched, operation).map((location) => placeAt(patched.resource, operation, location));
  const [first] = places;
  if (!first) {
    const [, above = "", name = ""] = /^(.*)\.([A-Za-z]\w*)$/s.exec(operation.path) ?? [];
    const { object, plan } = objectAt(patched, { ...operation, path: above });
    const member = plan.members.get(name);
    if (!member?.isList) throw unfit(operation, "the path does not lead to a list");
    return { parent: object, member, plan };
  }
  const { parent, member } = first;
  const isWhole = places.every((place) => place.parent === parent && place.member === member) && places.length === lengthOf(parent, member);
  if (!member.isList || !isWhole) throw unfit(operation, "the path must lead to one whole list");
  return { parent, member, plan: member.owner };
}

/** Length of a list, including elements that only have an id or extensions. */
export const lengthOf = (parent: Json, { name }: PlanMember): number =>
  Math.max(...[name, `_${name}`].map((key) => (Array.isArray(parent[key]) ? (parent[key] as unknown[]).length : 0)));
