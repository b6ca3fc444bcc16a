/** FHIRPath on R4 resources, by the library `fhirpath`: loaded when first needed, for it and its model take some 30 MB. */
import { createRequire } from "node:module";
import { isRawNumber } from "./json.ts";

/** Compiled expressions that are kept; the least recently used goes first. */
const MOST_COMPILED = 500;

type Compiled = (data: unknown, variables?: Record<string, unknown>) => unknown[];

interface Library {
  compile(path: string | { base: string; expression: string }, model: object, options?: object): Compiled;
  FP_Decimal: { getDecimal(text: string): unknown };
}

let library: { fhirpath: Library; model: object } | undefined;
const compiled = new Map<string, Compiled>();

function load(): { fhirpath: Library; model: object } {
  if (!library) {
    const require = createRequire(import.meta.filename);
    library = { fhirpath: require("fhirpath") as Library, model: require("fhirpath/fhir-context/r4") as object };
  }
  return library;
}

function compile(expression: string, base: string): Compiled {
  const key = `${base} ${expression}`;
  let found = compiled.get(key);
  if (found) {
    compiled.delete(key);
  } else {
    const { fhirpath, model } = load();
    // trace() is of no use in a service, and would write patients' data to its console.
    found = fhirpath.compile(base ? { base, expression } : expression, model, { traceFn: () => {} });
    if (compiled.size >= MOST_COMPILED) compiled.delete(compiled.keys().next().value!);
  }
  compiled.set(key, found);
  return found;
}

/**
 * What an expression finds in a resource: JSON values; a decimal of more digits than a double holds comes as its nearest.
 * The resource is left as it is.
 * @throws Error for an expression that is no FHIRPath, or cannot be evaluated on this resource
 */
export function evaluate(expression: string, resource: unknown): unknown[] {
  return compile(expression, "")(readable(resource));
}

/**
 * The same for an element within a resource.
 * @param base its type, or the path of its backbone: `Questionnaire.item`
 * @param variables without the percent sign: `{ resource }`
 */
export function evaluateAt(expression: string, base: string, element: unknown, variables: Record<string, unknown>): unknown[] {
  const readableVariables = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, readable(value)]));
  return compile(expression, base)(readable(element), readableVariables);
}

/** The library knows decimals kept by their text (`json.ts`) as its own class; what has none is not copied. */
function readable(value: unknown): unknown {
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
