/** JSON Patch on a resource (RFC 6902). */
import { applyPatch as applyOperations, type Operation } from "rfc6902";
import { fhirError } from "../outcome.ts";
import type { Resource } from "./resource.ts";

const OPERATIONS = new Set(["add", "remove", "replace", "move", "copy", "test"]);
/** A `copy` can double a document: this many could not make it grow beyond reason. */
const MOST_OPERATIONS = 1_000;

/** @throws FhirError 400, 422 */
export function jsonPatch(resource: Resource, operations: unknown[]): Resource {
  if (operations.length > MOST_OPERATIONS) throw fhirError(400, "too-costly", `A patch may have ${MOST_OPERATIONS} operations.`);
  for (const [index, operation] of operations.entries()) check(operation, index);
  const patched = copyOf(resource) as Resource;
  const results = applyOperations(patched, copyOf(operations) as Operation[]);
  const failed = results.findIndex((result) => result !== null);
  if (failed >= 0) {
    const { op, path } = operations[failed] as { op: string; path: string };
    const why = op === "test" ? "the value is another" : "there is nothing at that place";
    throw fhirError(
      422,
      "processing",
      `Operation ${failed + 1} (${op} ${path.slice(0, 200)}) does not fit the resource: ${why}.`,
      path.slice(0, 200),
    );
  }
  return patched;
}

function check(operation: unknown, index: number): void {
  const { op, path, from } = (operation ?? {}) as { op?: unknown; path?: unknown; from?: unknown };
  const refuse = (what: string) => fhirError(400, "invalid", `Operation ${index + 1} of the patch ${what}.`);
  if (typeof op !== "string" || !OPERATIONS.has(op)) throw refuse(`must have an op: ${[...OPERATIONS].join(", ")}`);
  if (!isPointer(path)) throw refuse("must have a path: a JSON Pointer like /name/0/family");
  if ((op === "move" || op === "copy") && !isPointer(from)) throw refuse("must have a from: a JSON Pointer like /name/0/family");
  if ((op === "add" || op === "replace" || op === "test") && !Object.hasOwn(operation as object, "value"))
    throw refuse("must have a value");
  if (op === "move" && String(path).startsWith(`${String(from)}/`)) throw refuse("would move a value into itself");
}

const isPointer = (text: unknown): boolean =>
  typeof text === "string" &&
  /^(?:\/(?:[^~/]|~[01])*)*$/.test(text) &&
  !text.split("/").some((part) => part === "__proto__" || part === "constructor" || part === "prototype");

/** Raw-JSON decimals (fhir/json.ts) are frozen and may be shared; all else is copied. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copyOf(item)]));
}
