/**
 * Parts of a resource: `_summary` and `_elements` (FHIR R4, search.html#summary, #elements). A part has the tag SUBSETTED, so that no
 * client takes it for the whole resource and writes it back. Pure.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { choicesOf } from "./validate/structure-definition.ts";

type Json = Record<string, unknown>;

/** Which part of a resource: a summary, or the named elements. */
export interface Subset {
  summary?: "true" | "text" | "data";
  /** Top-level elements, or paths below the resource. */
  elements?: string[];
}

interface SummaryJson {
  summary: string[];
  mandatory: string[];
}

const SUBSETTED = { system: "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", code: "SUBSETTED", display: "subsetted" };
/** Systems that the tag has had; some clients omit it. */
const SYSTEMS = new Set<unknown>([undefined, SUBSETTED.system, "http://hl7.org/fhir/v3/ObservationValue"]);

/** Whether a tag marks a resource as a part of itself. */
export function isSubsetted(tag: unknown): boolean {
  const { system, code } = (tag ?? {}) as { system?: unknown; code?: unknown };
  return code === SUBSETTED.code && SYSTEMS.has(system);
}

const ALWAYS = ["resourceType", "id", "meta", "implicitRules"];

let loaded: Record<string, SummaryJson> | undefined;

function definitionOf(type: string): SummaryJson {
  loaded ??= JSON.parse(readFileSync(join(import.meta.dirname, "generated/summary.json"), "utf8")) as Record<string, SummaryJson>;
  return loaded[type] ?? { summary: [], mandatory: [] };
}

/** The requested part; the resource itself is not changed. */
export function subsetOf(resource: Json, { summary, elements }: Subset): Json {
  const type = String(resource.resourceType);
  const { mandatory, summary: paths } = definitionOf(type);
  if (summary === "data") {
    const { text: _, ...rest } = resource;
    return tagged(rest);
  }
  if (summary === "text") return tagged(keepPaths(resource, ["text", ...mandatory]));
  if (summary === "true") return tagged(keepPaths(resource, paths));
  if (elements) return tagged(keepPaths(resource, [...elements.map((name) => pathOf(type, name)), ...mandatory]));
  return resource;
}

/** `Patient.name` is `name`; a choice may be named without its suffix: `value` is `value[x]`. */
function pathOf(type: string, name: string): string {
  const path = name.startsWith(`${type}.`) ? name.slice(type.length + 1) : name;
  return choicesOf(type).includes(path) ? `${path}[x]` : path;
}

function keepPaths(resource: Json, paths: string[]): Json {
  const all = new Set(paths.flatMap((path) => (path.endsWith("[x]") ? [path.slice(0, -3)] : [path])));
  const choices = paths.filter((path) => path.endsWith("[x]")).map((path) => path.slice(0, -3));
  const kept = pick(resource, "", all, choices);
  for (const name of ALWAYS) if (resource[name] !== undefined) kept[name] = resource[name];
  // Members keep their order.
  return Object.fromEntries(Object.keys(resource).flatMap((name) => (name in kept ? [[name, kept[name]]] : [])));
}

/** Members whose path is named; below a named path, the named ones if there are any, otherwise all. */
function pick(node: Json, at: string, paths: ReadonlySet<string>, choices: readonly string[]): Json {
  const kept: Json = {};
  for (const [name, value] of Object.entries(node)) {
    const path = at + (name.startsWith("_") ? name.slice(1) : name);
    const isNamed = paths.has(path) || choices.some((choice) => path.startsWith(choice) && /^[A-Z]/.test(path.slice(choice.length)));
    if (!isNamed && ![...paths].some((one) => one.startsWith(`${path}.`))) continue;
    const hasNamedParts = [...paths].some((one) => one.startsWith(`${path}.`));
    const part = hasNamedParts ? below(value, (it) => pick(it, `${path}.`, paths, choices)) : value;
    if (part !== undefined) kept[name] = part;
  }
  return kept;
}

/** Undefined if nothing is left: an object or list without members is not valid FHIR JSON. */
function below(value: unknown, work: (part: Json) => Json): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => below(item, work)).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (value === null || typeof value !== "object") return value;
  const part = work(value as Json);
  return Object.keys(part).length > 0 ? part : undefined;
}

function tagged(resource: Json): Json {
  const meta = (resource.meta ?? {}) as Json;
  const tags = Array.isArray(meta.tag) ? meta.tag : [];
  return { ...resource, meta: { ...meta, tag: [...tags, SUBSETTED] } };
}
