/** Reads the operations of a FHIRPath Patch from its Parameters resource. */
import { fhirError } from "../outcome.ts";
import { excessOf } from "../expressions/expression-bounds.ts";
import type { Resource } from "../resource.ts";

type Json = Record<string, unknown>;

const MAX_OPERATIONS = 1_000;
const LONGEST_PATH = 1_000; // characters

/** String literals in a path: they may be patient data, and are not repeated in errors. */
const TEXTS = /'(?:[^'\\]|\\.)*'/g;

/** One operation with its parts. */
export interface Operation {
  /** Number for messages; 1 is the first. */
  number: number;
  type: string;
  path: string;
  parts: Map<string, Json>;
}

/**
 * @param types the known types of operations
 * @throws FhirError 400
 */
export function operationsOf({ parameter = [] }: Resource, types: string[]): Operation[] {
  if (!Array.isArray(parameter)) throw fhirError(400, "structure", "parameter must be an array of operations.");
  if (parameter.length > MAX_OPERATIONS) throw fhirError(400, "too-costly", `A patch may have ${MAX_OPERATIONS} operations.`);
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
    if (!types.includes(type)) throw refused({ number }, `must have a type: ${types.join(", ")}`);
    return { number, type, path: pathOf(parts, { number }), parts };
  });
}

/** 400: the operation is invalid. */
export const refused = ({ number }: { number: number }, what: string) =>
  fhirError(400, "invalid", `Operation ${number} of the patch ${what}.`);

/** 422: the operation cannot be carried out on this resource. */
export const unfit = ({ number, path }: Operation, why: string) =>
  fhirError(422, "processing", `Operation ${number} of the patch does not fit the resource: ${why}.`, path.replace(TEXTS, "''"));

/**
 * The name of the part's value, `valueString`; undefined if it has none, but a resource or parts.
 * @throws FhirError 400 if it has more than one of these (R4, parameters.html, inv-1)
 */
export function valueNameOf(part: Json, operation: { number: number }): string | undefined {
  const names = new Set(Object.keys(part).flatMap((key) => /^_?(value[A-Z].*)$/.exec(key)?.[1] ?? []));
  const others = ["resource", "part"].filter((key) => part[key] !== undefined);
  if (names.size + others.length > 1) throw refused(operation, "has a part with more than one value");
  const [name] = names;
  return name;
}

/** The text of a part. @throws FhirError 400 */
export function textOf(parts: Map<string, Json>, name: string, operation: { number: number }): string {
  const part = parts.get(name) ?? {};
  const value = part[valueNameOf(part, operation) ?? ""];
  if (typeof value !== "string") throw refused(operation, `must have a part "${name}" with a text`);
  return value;
}

function pathOf(parts: Map<string, Json>, operation: { number: number }): string {
  const path = textOf(parts, "path", operation);
  if (path.length > LONGEST_PATH) throw refused(operation, `must have a path of at most ${LONGEST_PATH} characters`);
  const excess = excessOf(path);
  if (excess) throw refused(operation, `has a path that ${excess}`);
  return path;
}

/** The integer of a part. @throws FhirError 400 */
export function wholeOf({ parts, number }: Operation, name: string): number {
  const value = parts.get(name)?.["valueInteger"];
  if (!Number.isInteger(value) || (value as number) < 0) {
    throw refused({ number }, `must have a part "${name}" with a valueInteger, 0 or more`);
  }
  return value as number;
}
