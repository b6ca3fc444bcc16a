/**
 * FHIRPath on R4 resources, by the library `fhirpath`: loaded when first needed, for it and its model take 10 MB. It takes as long
 * as an expression makes it take: what clients write is given to it in a worker only (`expressions/evaluator.ts`).
 */
import { createRequire } from "node:module";
import { TooCostly } from "./expressions/budget.ts";
import { isRawNumber } from "./json.ts";
import { nonNull } from "./non-null.ts";

/** Compiled expressions that are kept; the least recently used goes first. */
const MAX_COMPILED = 500;

type Compiled = (data: unknown, variables?: Record<string, unknown>) => unknown[];

interface Library {
  compile(path: string | { base: string; expression: string }, model: object, options?: object): Compiled;
  FP_Decimal: { getDecimal(text: string): unknown };
}

/** What the library finds in a resource; anything else is a value that it has computed. */
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

/** Items of one list, and characters of one text, that an expression may make: far more than a resource has. */
const MAX_ITEMS = 200_000;
const MAX_TEXT = 4_000_000;

/** Called after each step of an evaluation. */
function refuseGrowth(_context: unknown, _from: unknown, result: unknown): void {
  const [first] = Array.isArray(result) ? (result as unknown[]) : [result];
  const isLarge = (Array.isArray(result) && result.length > MAX_ITEMS) || (typeof first === "string" && first.length > MAX_TEXT);
  if (isLarge) throw new TooCostly();
}

/** Also what JavaScript itself refuses: a text too long, calls too deep. */
const isTooLarge = (error: unknown): boolean => error instanceof TooCostly || error instanceof RangeError;

/** `Narrative.div` is what it says although `div` is also an operator: after a point only an element can stand. */
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
    // trace() is of no use in a service, and would write patients' data to its console.
    found = fhirpath.compile(base ? { base, expression } : expression, model, {
      traceFn: () => {},
      // What the library makes of its results itself, it marks by a hidden property in the resource.
      resolveInternalTypes: false,
      debugger: refuseGrowth,
    });
    if (compiled.size >= MAX_COMPILED) compiled.delete(nonNull(compiled.keys().next().value));
  }
  compiled.set(key, found);
  return found;
}

/**
 * What an expression finds, starting from an element that the library can read (`readable`): JSON values; a decimal of more digits than a double
 * holds comes as its nearest. The resource is left as it is.
 * @param base the element's type, or the path of its backbone: `Questionnaire.item`; empty for a whole resource
 * @param variables without the percent sign: `{ resource }`
 * @throws Error for an expression that is no FHIRPath, or cannot be evaluated on this element
 */
export function evaluate(expression: string, base: string, element: unknown, variables: Record<string, unknown>): unknown[] {
  return compile(expression, base)(element, { ...variablesIn(expression), ...variables }).flatMap(plain);
}

/** Where a resource has an element: the member names and, in lists, the positions that lead there; empty for the resource itself. */
export type Location = (string | number)[];

/**
 * Where the elements are that an expression finds.
 * @throws Error as `evaluate`, and for what is no element of the resource but computed
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
 * Whether each rule is kept by its element: its expression finds `true` alone; null for what cannot be evaluated.
 * @throws TooCostly for an expression that makes lists or texts that are too large
 * @param rules with the element's type (or the path of its backbone) as `base`, and where it is
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

/** JSON of a result; nothing for a primitive that has extensions only. */
function plain(result: unknown): unknown[] {
  const value = isFound(result) ? result.data : result;
  if (value === null || value === undefined) return [];
  if (typeof value === "bigint") return [Number(value)];
  const { toJSON } = value as { toJSON?: () => unknown };
  return [typeof toJSON === "function" ? toJSON.call(value) : value];
}

/** FHIR's own variables (R4 fhirpath.html#variables) that the library leaves to its caller. */
function variablesIn(expression: string): Record<string, string> {
  const variables: Record<string, string> = { sct: "http://snomed.info/sct", loinc: "http://loinc.org" };
  for (const [, kind, name] of expression.matchAll(/%`(vs|ext)-([\w-]+)`/g)) {
    variables[`${kind}-${name}`] = `http://hl7.org/fhir/${kind === "vs" ? "ValueSet" : "StructureDefinition"}/${name}`;
  }
  return variables;
}

/** A value as the library reads it: decimals kept by their text (`json.ts`) are of its own class; what has none is not copied. */
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
