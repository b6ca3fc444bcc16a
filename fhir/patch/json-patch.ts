/** JSON Patch on a resource (RFC 6902); decimals keep their text. */
import { isRawNumber, numberOf } from "../json.ts";
import { fhirError } from "../outcome.ts";
import type { Resource } from "../resource.ts";
import { nonNull } from "../non-null.ts";

const OPERATIONS = ["add", "remove", "replace", "move", "copy", "test"] as const;
const MAX_OPERATIONS = 1_000;
/** Limit of what a patch may insert altogether: more than a body can hold. A list that is copied into itself doubles each time. */
const MAX_PLACED = 40_000_000; // characters; a value counts for a hundred
/** Levels of nesting, as for all input (fhir/json.ts); a value moved into its neighbour nests deeper each time. */
const DEEPEST = 100;

interface Operation {
  op: (typeof OPERATIONS)[number];
  path: string;
  from: string;
  value: unknown;
}

/** The state of a patch. The document is a member itself, so that the path "" has a parent as all others do. */
interface Work {
  root: Record<string, unknown>;
  /** Lists and objects from which an element was removed: those that are empty at the end are removed too. */
  emptied: Set<object>;
  /** How much may still be inserted. */
  left: number;
}

/**
 * Applies all operations or none; the given resource is not changed. A list or object that they leave empty is removed, since
 * FHIR has no empty ones.
 * @throws FhirError 400, 422
 */
export function jsonPatch(resource: Resource, operations: unknown[]): Resource {
  if (operations.length > MAX_OPERATIONS) throw fhirError(400, "too-costly", `A patch may have ${MAX_OPERATIONS} operations.`);
  for (const [index, operation] of operations.entries()) check(operation, index);
  const work: Work = { root: { [DOCUMENT]: copyOf(resource) }, emptied: new Set(), left: MAX_PLACED };
  for (const [index, operation] of (operations as Operation[]).entries()) {
    const why = carryOut[operation.op](work, operation);
    const [op, path] = [operation.op, operation.path.slice(0, 200)];
    if (why) throw fhirError(422, "processing", `Operation ${index + 1} (${op} ${path}) does not fit the resource: ${why}.`, path);
  }
  if (work.emptied.size > 0) prune(work.root[DOCUMENT], work.emptied);
  const patched = work.root[DOCUMENT];
  if (!isContainer(patched) || Array.isArray(patched)) throw fhirError(422, "processing", "The patch leaves no resource.");
  return patched as Resource;
}

function check(operation: unknown, index: number): void {
  const { op, path, from } = (operation ?? {}) as { op?: unknown; path?: unknown; from?: unknown };
  const refuse = (what: string) => fhirError(400, "invalid", `Operation ${index + 1} of the patch ${what}.`);
  if (!(OPERATIONS as readonly unknown[]).includes(op)) throw refuse(`must have an op: ${OPERATIONS.join(", ")}`);
  if (!isPointer(path)) throw refuse("must have a path: a JSON Pointer like /name/0/family");
  if ((op === "move" || op === "copy") && !isPointer(from)) throw refuse("must have a from: a JSON Pointer like /name/0/family");
  if ((op === "add" || op === "replace" || op === "test") && !Object.hasOwn(operation as object, "value")) {
    throw refuse("must have a value");
  }
  if (op === "move" && String(path).startsWith(`${String(from)}/`)) throw refuse("would move a value into itself");
}

const isPointer = (text: unknown): text is string =>
  typeof text === "string" &&
  /^(?:\/(?:[^~/]|~[01])*)*$/.test(text) &&
  !text.split("/").some((part) => part === "__proto__" || part === "constructor" || part === "prototype");

const NOTHING = "there is nothing at that place";

/** Carries out one operation; a result is the reason for which it cannot be. */
const carryOut: Record<Operation["op"], (work: Work, operation: Operation) => string | undefined> = {
  add: (work, { path, value }) => add(work, path, copyOf(value)),
  remove: (work, { path }) => remove(work, path),
  replace(work, { path, value }) {
    const place = placeOf(work.root, path);
    if (!place || read(place) === undefined) return NOTHING;
    charge(work, path, value);
    write(place, copyOf(value));
    return undefined;
  },
  move(work, { path, from }) {
    const place = placeOf(work.root, from);
    const value = place && read(place);
    if (value === undefined) return NOTHING;
    return remove(work, from) ?? add(work, path, value);
  },
  copy(work, { path, from }) {
    const place = placeOf(work.root, from);
    const value = place && read(place);
    if (value === undefined) return NOTHING;
    charge(work, path, value);
    return add(work, path, copyOf(value));
  },
  test({ root }, { path, value }) {
    const place = placeOf(root, path);
    const held = place && read(place);
    return held !== undefined && isEqual(held, value) ? undefined : "the value is another";
  },
};

const DOCUMENT = "document";

type Container = Record<string, unknown> | unknown[];

interface PointerTarget {
  parent: Container;
  key: string;
}

/** The place that a pointer names, which may be free; undefined if the list or object around it does not exist. */
function placeOf(root: Record<string, unknown>, pointer: string): PointerTarget | undefined {
  const keys = [
    DOCUMENT,
    ...pointer
      .split("/")
      .slice(1)
      .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")),
  ];
  const last = keys.pop() as string;
  let parent: Container = root;
  for (const key of keys) {
    const next = read({ parent, key });
    if (!isContainer(next)) return undefined;
    parent = next;
  }
  return { parent, key: last };
}

function read({ parent, key }: PointerTarget): unknown {
  if (Array.isArray(parent)) return isIndex(key) ? parent[Number(key)] : undefined;
  return Object.hasOwn(parent, key) ? parent[key] : undefined;
}

function write({ parent, key }: PointerTarget, value: unknown): void {
  (parent as Record<string, unknown>)[key] = value;
}

function add(work: Work, path: string, value: unknown): string | undefined {
  const place = placeOf(work.root, path);
  if (!place) return NOTHING;
  charge(work, path, value);
  const { parent, key } = place;
  if (!Array.isArray(parent)) write(place, value);
  else if (key === "-") parent.push(value);
  else if (isIndex(key) && Number(key) <= parent.length) parent.splice(Number(key), 0, value);
  else return NOTHING;
  return undefined;
}

function remove({ root, emptied }: Work, path: string): string | undefined {
  const place = placeOf(root, path);
  if (!place || read(place) === undefined) return NOTHING;
  const { parent, key } = place;
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
  // Whether it is empty is checked at the end: for an object this takes as long as it has members.
  if (parent !== root) emptied.add(parent);
  return undefined;
}

const isIndex = (key: string): boolean => /^(?:0|[1-9]\d{0,8})$/.test(key);
const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null && !isRawNumber(value);
function isEmpty(container: Container): boolean {
  if (Array.isArray(container)) return container.length === 0;
  for (const _ in container) return false;
  return true;
}

/** Removes the containers that were emptied, and those that are empty without them. @returns whether the value itself is to be removed */
function prune(value: unknown, emptied: ReadonlySet<object>): boolean {
  if (!isContainer(value)) return false;
  let isChanged = false;
  for (const key of Object.keys(value).toReversed()) {
    if (!prune((value as Record<string, unknown>)[key], emptied)) continue;
    if (Array.isArray(value)) value.splice(Number(key), 1);
    else delete value[key];
    isChanged = true;
  }
  return (isChanged || emptied.has(value)) && isEmpty(value);
}

/** @throws FhirError 400 for a patch that inserts too much, or too deep */
function charge(work: Work, path: string, value: unknown): void {
  work.left -= sizeOf(value, work.left, path.split("/").length);
  if (work.left < 0) throw fhirError(400, "too-costly", "The patch adds too much, or nests deeper than 100 levels.");
}

const VALUE_SIZE = 100; // characters

/** Size of a value; the count stops at the limit. */
function sizeOf(value: unknown, limit: number, depth: number): number {
  if (typeof value === "string") return value.length + VALUE_SIZE;
  if (!isContainer(value)) return VALUE_SIZE;
  if (depth > DEEPEST) return Number.POSITIVE_INFINITY;
  let size = VALUE_SIZE;
  for (const key in value) {
    if (size > limit) break;
    size += key.length + sizeOf((value as Record<string, unknown>)[key], limit - size, depth + 1);
  }
  return size;
}

/** Numbers are equal if their values are, however they are written (RFC 6902, 4.6). */
function isEqual(a: unknown, b: unknown): boolean {
  const number = numberOf(a);
  if (number !== undefined) return number === numberOf(b);
  if (!isContainer(a) || !isContainer(b)) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  const [left, right] = [a, b] as Record<string, unknown>[];
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(nonNull(left)[key], nonNull(right)[key]))
  );
}

/** Copies a value. Raw-JSON decimals (fhir/json.ts) are frozen, and shared. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copyOf(item)]));
}
