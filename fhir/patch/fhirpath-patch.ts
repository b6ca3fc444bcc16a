/** FHIRPath Patch (FHIR R4, fhirpatch.html): operations in a Parameters resource that say where by FHIRPath. */
import { type Location, locate } from "../fhirpath.ts";
import { fhirError } from "../outcome.ts";
import { Kind, type Member, type ObjectPlan, planOf, planOfMember } from "../validate/plan.ts";
import type { Resource } from "./index.ts";
import { copyOf } from "./json-patch.ts";

type Json = Record<string, unknown>;

const MOST_OPERATIONS = 1_000;
const LONGEST_PATH = 1_000; // characters
/** What finds elements in bounded time; `matches` or `repeat` could keep a service busy for long. */
const FUNCTIONS = new Set(
  "where first last tail skip take single ofType as is exists empty not count extension startsWith endsWith contains".split(" "),
);

/** One operation, its parts told apart. */
interface Operation {
  /** For messages: 1 is the first. */
  number: number;
  type: string;
  path: string;
  parts: Map<string, Json>;
}

/** Where an element stands: in a member of an object, and in a list at an index. */
interface Place {
  parent: Json;
  member: Member;
  index: number | undefined;
  /** Where its parent stands; undefined for the resource. */
  above: Place | undefined;
}

/**
 * @returns the resource after all operations, one after another; the given one is left as it is
 * @throws FhirError 400 for operations that cannot be understood, 422 for one that does not fit the resource
 */
export function fhirPathPatch(resource: Resource, parameters: Resource): Resource {
  const patched = copyOf(resource) as Resource;
  for (const operation of operationsOf(parameters)) operators[operation.type]!(patched, operation);
  return patched;
}

function operationsOf({ parameter = [] }: Resource): Operation[] {
  if (!Array.isArray(parameter)) throw fhirError(400, "structure", "parameter must be an array of operations.");
  if (parameter.length > MOST_OPERATIONS) throw fhirError(400, "too-costly", `A patch may have ${MOST_OPERATIONS} operations.`);
  return parameter.map((item: unknown, index): Operation => {
    const { name, part } = (item ?? {}) as Json;
    const number = index + 1;
    if (name !== "operation" || !Array.isArray(part)) throw refused({ number }, 'must be a parameter named "operation" with parts');
    const parts = new Map<string, Json>();
    for (const one of part as (Json | null)[]) {
      if (typeof one?.["name"] !== "string") throw refused({ number }, "has a part without a name");
      if (parts.has(one["name"])) throw refused({ number }, "has two parts of the same name");
      parts.set(one["name"], one);
    }
    const type = textOf(parts, "type", { number });
    if (!Object.hasOwn(operators, type)) throw refused({ number }, `must have a type: ${Object.keys(operators).join(", ")}`);
    return { number, type, path: pathOf(parts, { number }), parts };
  });
}

const refused = ({ number }: { number: number }, what: string) => fhirError(400, "invalid", `Operation ${number} of the patch ${what}.`);

const unfit = ({ number, path }: Operation, why: string) =>
  fhirError(422, "processing", `Operation ${number} of the patch does not fit the resource: ${why}.`, path);

function textOf(parts: Map<string, Json>, name: string, operation: { number: number }): string {
  const value = Object.entries(parts.get(name) ?? {}).find(([key]) => key.startsWith("value"))?.[1];
  if (typeof value !== "string") throw refused(operation, `must have a part "${name}" with a text`);
  return value;
}

function pathOf(parts: Map<string, Json>, operation: { number: number }): string {
  const path = textOf(parts, "path", operation);
  if (path.length > LONGEST_PATH) throw refused(operation, `must have a path of at most ${LONGEST_PATH} characters`);
  const names = path.replace(/'(?:[^'\\]|\\.)*'/g, "''");
  if (/\d\s*(?:''|[a-z])/.test(names)) throw refused(operation, "has a quantity in its path, which finds no element");
  const called = names.matchAll(/([A-Za-z_]\w*)\s*\(/g);
  for (const [, name] of called) {
    if (!FUNCTIONS.has(name!))
      throw refused(operation, `calls ${name!.slice(0, 64)}() in its path, where only ${[...FUNCTIONS].join(", ")} can be`);
  }
  return path;
}

const operators: Record<string, (resource: Resource, operation: Operation) => void> = {
  /** Appends to a list, or sets what is not there yet. */
  add(resource, operation) {
    const { object, plan } = objectAt(resource, operation);
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

  insert(resource, operation) {
    const index = wholeOf(operation, "index");
    const { parent, member, plan } = listAt(resource, operation);
    const { value, sibling } = given(operation, plan, member.name);
    if (index > lengthOf(parent, member)) throw unfit(operation, `index ${index} is beyond the end of the list`);
    insertInto(parent, member, index, value, sibling);
  },

  /** Nothing to delete is no fault (R4: "if found"). */
  delete(resource, operation) {
    const place = onePlace(resource, operation);
    if (!place) return;
    remove(place);
  },

  replace(resource, operation) {
    const place = onePlace(resource, operation);
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

  /** Within one list. */
  move(resource, operation) {
    const source = wholeOf(operation, "source");
    const destination = wholeOf(operation, "destination");
    const { parent, member } = listAt(resource, operation);
    const length = lengthOf(parent, member);
    if (source >= length || destination >= length) throw unfit(operation, `source and destination must be in the list, 0 to ${length - 1}`);
    for (const name of [member.name, `_${member.name}`]) {
      const list = parent[name];
      if (!Array.isArray(list)) continue;
      list.splice(destination, 0, ...(list.splice(source, 1) as unknown[]));
    }
  },
};

function wholeOf({ parts, number }: Operation, name: string): number {
  const value = parts.get(name)?.["valueInteger"];
  if (!Number.isInteger(value) || (value as number) < 0)
    throw refused({ number }, `must have a part "${name}" with a valueInteger, 0 or more`);
  return value as number;
}

function locations(resource: Resource, operation: Operation, path = operation.path): Location[] {
  try {
    return locate(path, resource);
  } catch {
    throw fhirError(
      400,
      "invalid",
      `Operation ${operation.number} of the patch has a path that is no FHIRPath to elements of the resource.`,
      path,
    );
  }
}

/** The one element that the path leads to; undefined when there is none. */
function onePlace(resource: Resource, operation: Operation): Place | undefined {
  const found = locations(resource, operation);
  if (found.length > 1) throw unfit(operation, "the path leads to several elements; it must lead to one");
  if (found.length === 0) return undefined;
  if (found[0]!.length === 0) throw unfit(operation, "the whole resource cannot be deleted or replaced by a patch");
  return placeAt(resource, operation, found[0]!);
}

function placeAt(resource: Resource, operation: Operation, location: Location): Place {
  let plan: ObjectPlan | undefined = planOf(resource.resourceType);
  let value: unknown = resource;
  let place: Place | undefined;
  for (let i = 0; i < location.length; ) {
    const name = String(location[i++]);
    const index = typeof location[i] === "number" ? (location[i++] as number) : undefined;
    const member: Member | undefined = plan?.members.get(name) ?? choiceIn(plan, name, value as Json);
    // Extensions of a primitive are found under its own name, and stand under another.
    const parent: Json | undefined = place?.member.kind === Kind.primitive ? siblingOf(place) : (value as Json);
    if (!member || !parent) throw unfit(operation, "the path leads to what R4 does not define");
    place = { parent, member, index, above: place };
    const held = parent[member.name];
    value = index === undefined ? held : (held as unknown[] | undefined)?.[index];
    plan = planBelow(member, value);
  }
  return place!;
}

/** FHIRPath calls a choice by its name without the type: `value`. */
function choiceIn(plan: ObjectPlan | undefined, name: string, object: Json): Member | undefined {
  return plan?.members.values().find((member) => member.choice === name && member.kind !== Kind.sibling && isIn(object, member));
}

const isIn = (object: Json, { name }: Member) => object[name] !== undefined || object[`_${name}`] !== undefined;

function planBelow(member: Member, value: unknown): ObjectPlan | undefined {
  if (member.kind === Kind.resource) return planOf(String((value as { resourceType?: unknown } | undefined)?.resourceType));
  return member.kind === Kind.primitive ? planOf("Element") : planOfMember(member);
}

/** The object of a primitive's id and extensions, made where there is none. */
function siblingOf({ parent, member, index }: Place): Json {
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

function objectAt(resource: Resource, operation: Operation): { object: Json; plan: ObjectPlan } {
  const found = locations(resource, operation);
  if (found.length !== 1)
    throw unfit(operation, found.length ? "the path leads to several elements; it must lead to one" : "there is nothing at that path");
  const [location] = found as [Location];
  if (location.length === 0) return { object: resource, plan: planOf(resource.resourceType)! };
  const place = placeAt(resource, operation, location);
  const held = place.parent[place.member.name];
  const value = place.index === undefined ? held : (held as unknown[])[place.index];
  const object = place.member.kind === Kind.primitive ? siblingOf(place) : (value as Json);
  const plan = planBelow(place.member, value);
  if (!plan || typeof object !== "object") throw unfit(operation, "the path leads to what R4 does not define");
  return { object, plan };
}

/** The list that the path leads to: all its elements, or none when it is not there yet. */
function listAt(resource: Resource, operation: Operation): { parent: Json; member: Member; plan: ObjectPlan } {
  const places = locations(resource, operation).map((location) => placeAt(resource, operation, location));
  const [first] = places;
  if (!first) {
    const [, above = "", name = ""] = /^(.*)\.([A-Za-z]\w*)$/s.exec(operation.path) ?? [];
    const { object, plan } = objectAt(resource, { ...operation, path: above });
    const member = plan.members.get(name);
    if (!member?.isList) throw unfit(operation, "the path does not lead to a list");
    return { parent: object, member, plan };
  }
  const { parent, member } = first;
  const isWhole = places.every((place) => place.parent === parent && place.member === member) && places.length === lengthOf(parent, member);
  if (!member.isList || !isWhole) throw unfit(operation, "the path must lead to one whole list");
  return { parent, member, plan: member.owner };
}

const lengthOf = (parent: Json, { name }: Member): number =>
  Math.max(...[name, `_${name}`].map((key) => (Array.isArray(parent[key]) ? (parent[key] as unknown[]).length : 0)));

interface Given {
  member: Member;
  value: unknown;
  /** Id and extensions of a primitive. */
  sibling: unknown;
}

/** What the operation's part "value" holds, as the member of the plan that it is for. */
function given(operation: Operation, plan: ObjectPlan, name: string): Given {
  const part = operation.parts.get("value");
  if (!part) throw refused(operation, 'must have a part "value"');
  return valueIn(part, plan, name, operation);
}

function valueIn(part: Json, plan: ObjectPlan, name: string, operation: Operation): Given {
  const key = Object.keys(part)
    .find((candidate) => /^_?value[A-Z]/.test(candidate))
    ?.replace(/^_/, "");
  const suffix = key?.slice("value".length);
  const named = plan.members.get(name);
  const member = named?.kind === Kind.sibling ? undefined : (named ?? plan.members.get(name + (suffix ?? "")));
  if (!member) throw unfit(operation, `${plan.name} has no element ${name.slice(0, 64)}${suffix ? " of that type" : ""}`);
  if (part["resource"] !== undefined) return { member, value: copyOf(part["resource"]), sibling: undefined };
  if (key) return { member, value: copyOf(part[key]), sibling: copyOf(part[`_${key}`]) };
  if (!Array.isArray(part["part"])) throw refused(operation, "has a part without value or parts");
  if (member.kind !== Kind.object) throw unfit(operation, `${name.slice(0, 64)} has no elements of its own`);
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

function set(object: Json, { name }: Member, value: unknown, sibling: unknown): void {
  if (value !== undefined) object[name] = value;
  if (sibling !== undefined) object[`_${name}`] = sibling;
}

/** Keeps the list of values and that of their extensions equally long. */
function insertInto(parent: Json, { name }: Member, index: number, value: unknown, sibling: unknown): void {
  const { [name]: list = [], [`_${name}`]: siblings } = parent as Record<string, unknown[] | undefined>;
  parent[name] = list;
  if (sibling !== undefined || siblings !== undefined) {
    const aligned = siblings ?? list.map(() => null);
    aligned.splice(index, 0, sibling ?? null);
    parent[`_${name}`] = aligned;
  }
  list.splice(index, 0, value ?? null);
}

/** Takes away an element, and what is empty without it: FHIR knows no empty object. */
function remove({ parent, member: { name }, index, above }: Place): void {
  for (const key of [name, `_${name}`]) {
    const held = parent[key];
    if (index === undefined || !Array.isArray(held)) delete parent[key];
    else held.splice(index, 1);
  }
  dropEmpty(parent, name);
  if (!above || Object.keys(parent).length > 0) return;
  if (above.member.kind === Kind.primitive) removeSibling(above);
  else remove(above);
}

/** The value stays where its last extension goes. */
function removeSibling({ parent, member: { name }, index }: Place): void {
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
