/**
 * FHIRPath on R4 resources, by the library `fhirpath`, which is loaded when it is first needed: with its model it takes 10 MB. Its run time is
 * not bounded; expressions from clients are therefore evaluated in a worker only (`expressions/evaluator.ts`).
 */
import { createRequire } from "node:module";
import { TooCostly } from "./expressions/budget.ts";
import { isRawNumber } from "./json.ts";
import { nonNull } from "./non-null.ts";

/** Compiled expressions that are kept; the least recently used is dropped first. */
const MAX_COMPILED = 500;

type Compiled = (data: unknown, variables?: Record<string, unknown>) => unknown[];

interface Library {
  compile(path: string | { base: string; expression: string }, model: object, options?: object): Compiled;
  FP_Decimal: { getDecimal(text: string): unknown };
}

/** What the library returns for an element of a resource; anything else is a computed value. */
interface FoundNode {
  data: unknown;
  parentResNode: FoundNode | null;
  propName: string | null;
  index: number | null;
}

const isFound = (value: unknown): value is FoundNode => typeof value === "object" && value !== null && "parentResNode" in value;

let library: { fhirpath: Library; model: object } | undefined;
const compiled = new Map<string, Compiled>();

function load(): { fhirpath: Library; model: object } {
  if (!library) {
    const require = createRequire(import.meta.filename);
    library = { fhirpath: require("fhirpath") as Library, model: require("fhirpath/fhir-context/r4") as object };
  }
  return library;
}

/** Items of a list and characters of a text that an expression may produce: far more than a resource has. */
const MAX_ITEMS = 200_000;
const MAX_TEXT = 4_000_000;

/** Called after each step of an evaluation. */
function refuseGrowth(_context: unknown, _from: unknown, result: unknown): void {
  const [first] = Array.isArray(result) ? (result as unknown[]) : [result];
  const isLarge = (Array.isArray(result) && result.length > MAX_ITEMS) || (typeof first === "string" && first.length > MAX_TEXT);
  if (isLarge) throw new TooCostly();
}

/** Includes JavaScript's own limits: a text that is too long, recursion that is too deep. */
const isTooLarge = (error: unknown): boolean => error instanceof TooCostly || error instanceof RangeError;

/** Quotes `div` after a point, as in `Narrative.div`, since it is also an operator: there only an element can follow. */
const readableNames = (expression: string) =>
  expression.replace(/'(?:[^'\\]|\\.)*'|\.div\b/g, (part) => (part === ".div" ? ".`div`" : part));

function compile(text: string, base: string): Compiled {
  const expression = readableNames(text);
  const key = `${base} ${expression}`;
  let found = compiled.get(key);
  if (found) {
    compiled.delete(key);
  } else {
    const { fhirpath, model } = load();
    // trace() would write patients' data to the console.
    found = fhirpath.compile(base ? { base, expression } : expression, model, {
      traceFn: () => {},
      // Otherwise the library marks converted values by a hidden property in the resource.
      resolveInternalTypes: false,
      debugger: refuseGrowth,
    });
    if (compiled.size >= MAX_COMPILED) compiled.delete(nonNull(compiled.keys().next().value));
  }
  compiled.set(key, found);
  return found;
}

/**
 * Evaluates an expression on an element in the library's form (`readable`). Returns JSON values; a decimal with more digits than a double
 * holds is returned as the nearest double. The resource is not changed.
 * @param base the element's type, or the path of its backbone: `Questionnaire.item`; empty for a whole resource
 * @param variables names without the percent sign: `{ resource }`
 * @throws Error for an invalid expression, or one that cannot be evaluated on this element
 */
export function evaluate(expression: string, base: string, element: unknown, variables: Record<string, unknown>): unknown[] {
  return compile(expression, base)(element, { ...variablesIn(expression), ...variables }).flatMap(plain);
}

/** Path to an element of a resource: member names and list positions; empty for the resource itself. */
export type Location = (string | number)[];

/**
 * The locations of the elements that an expression returns.
 * @throws Error as `evaluate`, and if a result is computed rather than an element of the resource
 */
export function locate(expression: string, resource: unknown): Location[] {
  return compile(
    expression,
    "",
  )(readable(resource)).map((value) => {
    if (!isFound(value)) throw new Error("The expression computes a value; it must find elements of the resource.");
    const location: Location = [];
    for (let node = value; node.parentResNode !== null && node.parentResNode !== undefined; node = node.parentResNode) {
      if (node.propName === null || node.propName === undefined) throw new Error("The expression finds what has no place of its own.");
      location.unshift(node.propName, ...(typeof node.index === "number" ? [node.index] : []));
    }
    return location;
  });
}

/**
 * For each rule, whether its element satisfies it: the expression returns exactly `true`; null if it cannot be evaluated.
 * @throws TooCostly for an expression that produces lists or texts that are too large
 * @param rules each with the element's type (or the path of its backbone) as `base`, and its location
 */
export function areKept(resource: unknown, rules: { expression: string; base: string; at: Location }[]): (boolean | null)[] {
  const root = readable(resource);
  return rules.map(({ expression, base, at }) => {
    try {
      const element = at.reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], root);
      const found = evaluate(expression, base, element, { resource: root });
      return found.length === 1 && found[0] === true;
    } catch (error) {
      if (isTooLarge(error)) throw new TooCostly();
      return null;
    }
  });
}

/** A result as JSON; nothing for a primitive that only has extensions. */
function plain(result: unknown): unknown[] {
  const value = isFound(result) ? result.data : result;
  if (value === null || value === undefined) return [];
  if (typeof value === "bigint") return [Number(value)];
  const { toJSON } = value as { toJSON?: () => unknown };
  return [typeof toJSON === "function" ? toJSON.call(value) : value];
}

/** FHIR's own variables (R4 fhirpath.html#variables), which the library leaves to its caller. */
function variablesIn(expression: string): Record<string, string> {
  const variables: Record<string, string> = { sct: "http://snomed.info/sct", loinc: "http://loinc.org" };
  for (const [, kind, name] of expression.matchAll(/%`(vs|ext)-([\w-]+)`/g)) {
    variables[`${kind}-${name}`] = `http://hl7.org/fhir/${kind === "vs" ? "ValueSet" : "StructureDefinition"}/${name}`;
  }
  return variables;
}

/** Converts a value to the library's form: decimals that are kept by their text (`json.ts`) become its own class. Copies only where needed. */
export function readable(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isRawNumber(value)) return load().fhirpath.FP_Decimal.getDecimal(value.rawJSON);
  if (Array.isArray(value)) {
    const items = value.map(readable);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  let copy: Record<string, unknown> | undefined;
  for (const [name, member] of Object.entries(value)) {
    const item = readable(member);
    if (item === member) continue;
    copy ??= { ...value };
    copy[name] = item;
  }
  return copy ?? value;
}
