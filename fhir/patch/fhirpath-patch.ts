/** FHIRPath Patch (FHIR R4, fhirpatch.html): a Parameters resource with operations on elements that FHIRPath names. */
import { MemberKind, type PlanMember, type ObjectPlan, planOfMember } from "../validate/type-plan.ts";
import type { Resource } from "../resource.ts";
import { copyOf } from "./json-patch.ts";
import { type Operation, operationsOf, refused, textOf, unfit, valueNameOf, wholeOf } from "./operations.ts";
import { lengthOf, type ElementPlace, listAt, type Locate, objectAt, onePlace, type Patched } from "./places.ts";
import { nonNull } from "../non-null.ts";

type Json = Record<string, unknown>;

/**
 * @returns the resource after all operations, one after another; the given resource is not changed
 * @throws FhirError 400 for invalid operations, 422 for one that does not fit the resource; NotPlain and TooCostly of `locate`
 */
export function fhirPathPatch(resource: Resource, parameters: Resource, locate: Locate): Resource {
  const patched: Patched = { resource: copyOf(resource) as Resource, locate };
  for (const operation of operationsOf(parameters, Object.keys(operators))) nonNull(operators[operation.type])(patched, operation);
  return patched.resource;
}

const operators: Record<string, (patched: Patched, operation: Operation) => void> = {
  /** Appends to a list, or sets an element that does not exist yet. */
  add(patched, operation) {
    const { object, plan } = objectAt(patched, operation);
    const name = textOf(operation.parts, "name", operation);
    const { member, value, sibling } = given(operation, plan, name);
    if (member.isList) {
      insertInto(object, member, lengthOf(object, member), value, sibling);
      return;
    }
    const known = [...plan.members.values()].filter(
      (other) => other.name === member.name || (other.choice !== undefined && other.choice === member.choice),
    );
    if (known.some((other) => object[other.name] !== undefined)) throw unfit(operation, `it has a ${name} already; replace it`);
    set(object, member, value, sibling);
  },

  insert(patched, operation) {
    const index = wholeOf(operation, "index");
    const { parent, member, plan } = listAt(patched, operation);
    const { value, sibling } = given(operation, plan, member.name);
    if (index > lengthOf(parent, member)) throw unfit(operation, `index ${index} is beyond the end of the list`);
    insertInto(parent, member, index, value, sibling);
  },

  /** Deletes an element; a missing one is no error (R4: "if found"). */
  delete(patched, operation) {
    const place = onePlace(patched, operation);
    if (!place) return;
    remove(place);
  },

  replace(patched, operation) {
    const place = onePlace(patched, operation);
    if (!place) throw unfit(operation, "there is nothing at that path");
    const { parent, member, index } = place;
    const { member: other, value, sibling } = given(operation, member.owner, member.choice ?? member.name);
    if (index === undefined) {
      if (other !== member) delete parent[member.name];
      delete parent[`_${member.name}`];
      set(parent, other, value, sibling);
    } else {
      (parent[member.name] as unknown[])[index] = value ?? null;
      const siblings = parent[`_${member.name}`];
      if (sibling === undefined && siblings === undefined) return;
      const aligned = Array.isArray(siblings) ? siblings : (parent[member.name] as unknown[]).map(() => null);
      aligned[index] = sibling ?? null;
      parent[`_${member.name}`] = aligned;
      dropEmpty(parent, member.name);
    }
  },

  /** Moves an element within its list. */
  move(patched, operation) {
    const source = wholeOf(operation, "source");
    const destination = wholeOf(operation, "destination");
    const { parent, member } = listAt(patched, operation);
    const length = lengthOf(parent, member);
    if (source >= length || destination >= length) throw unfit(operation, `source and destination must be in the list, 0 to ${length - 1}`);
    for (const name of [member.name, `_${member.name}`]) {
      const list = parent[name];
      if (!Array.isArray(list)) continue;
      list.splice(destination, 0, ...(list.splice(source, 1) as unknown[]));
    }
  },
};

interface Given {
  member: PlanMember;
  value: unknown;
  /** The id and extensions of a primitive. */
  sibling: unknown;
}

/** The value of the operation's part "value", in the form of the member that it is for. */
function given(operation: Operation, plan: ObjectPlan, name: string): Given {
  const part = operation.parts.get("value");
  if (!part) throw refused(operation, 'must have a part "value"');
  return valueIn(part, plan, name, operation);
}

function valueIn(part: Json, plan: ObjectPlan, name: string, operation: Operation): Given {
  const key = valueNameOf(part, operation);
  const suffix = key?.slice("value".length);
  const named = plan.members.get(name);
  const member = named?.kind === MemberKind.sibling ? undefined : (named ?? plan.members.get(name + (suffix ?? "")));
  if (!member) throw unfit(operation, `${plan.name} has no element ${name.slice(0, 64)}${suffix ? " of that type" : ""}`);
  if (part["resource"] !== undefined) return { member, value: copyOf(part["resource"]), sibling: undefined };
  if (key) return { member, value: copyOf(part[key]), sibling: copyOf(part[`_${key}`]) };
  if (!Array.isArray(part["part"])) throw refused(operation, "has a part without value or parts");
  if (member.kind !== MemberKind.object) throw unfit(operation, `${name.slice(0, 64)} has no elements of its own`);
  const below = planOfMember(member);
  const object: Json = {};
  for (const inner of part["part"] as Json[]) {
    if (typeof inner?.["name"] !== "string") throw refused(operation, "has a part without a name");
    const found = valueIn(inner, below, inner["name"], operation);
    if (found.member.isList) {
      insertInto(object, found.member, lengthOf(object, found.member), found.value, found.sibling);
    } else {
      set(object, found.member, found.value, found.sibling);
    }
  }
  return { member, value: object, sibling: undefined };
}

function set(object: Json, { name }: PlanMember, value: unknown, sibling: unknown): void {
  if (value !== undefined) object[name] = value;
  if (sibling !== undefined) object[`_${name}`] = sibling;
}

/** Inserts into a list, and keeps the list of values and that of their extensions equally long. */
function insertInto(parent: Json, { name }: PlanMember, index: number, value: unknown, sibling: unknown): void {
  const { [name]: list = [], [`_${name}`]: siblings } = parent as Record<string, unknown[] | undefined>;
  parent[name] = list;
  if (sibling !== undefined || siblings !== undefined) {
    const aligned = siblings ?? list.map(() => null);
    aligned.splice(index, 0, sibling ?? null);
    parent[`_${name}`] = aligned;
  }
  list.splice(index, 0, value ?? null);
}

/** Removes an element, and its parents that become empty: FHIR has no empty objects. */
function remove({ parent, member: { name }, index, above }: ElementPlace): void {
  for (const key of [name, `_${name}`]) {
    const held = parent[key];
    if (index === undefined || !Array.isArray(held)) delete parent[key];
    else held.splice(index, 1);
  }
  dropEmpty(parent, name);
  if (!above || Object.keys(parent).length > 0) return;
  if (above.member.kind === MemberKind.primitive) removeSibling(above);
  else remove(above);
}

/** Removes the extensions of a primitive; its value stays. */
function removeSibling({ parent, member: { name }, index }: ElementPlace): void {
  const siblings = parent[`_${name}`];
  if (index === undefined || !Array.isArray(siblings)) delete parent[`_${name}`];
  else siblings[index] = null;
  dropEmpty(parent, name);
}

function dropEmpty(parent: Json, name: string): void {
  const { [name]: list, [`_${name}`]: siblings } = parent;
  if (Array.isArray(list) && list.length === 0) delete parent[name];
  if (Array.isArray(siblings) && siblings.every((item) => item === null)) delete parent[`_${name}`];
}
