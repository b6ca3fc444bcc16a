/** R4's structures, trimmed by `npm run generate`: one text per type, parsed when the type is first used. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nonNull } from "../non-null.ts";

/** A data type or resource type. */
export interface StructureJson {
  kind: "primitive" | "complex" | "resource";
  /** The structure whose elements this one inherits. */
  base?: string;
  /** For a primitive: HL7's regular expression. */
  regex?: string;
  elements?: ElementJson[];
  rules?: RuleJson[];
}

/** An element, as `npm run generate` writes it. */
export interface ElementJson {
  /** Name without `[x]`. */
  name: string;
  /** Absent: 0. */
  min?: number;
  /** Absent: 1; -1: any number. */
  max?: number;
  /** More than one: a choice (`value[x]`). Absent if `elements` or `as` defines the content. */
  types?: string[];
  /** Whether it is `[x]`, also if only one type is left. */
  isChoice?: boolean;
  /** Resource types that a reference may have as target; absent: any. */
  targets?: string[];
  /** The required binding's value set, by its id in `valueSets`. */
  codes?: string;
  /** Elements of a backbone. */
  elements?: ElementJson[];
  /** The path of the backbone whose elements these are: `Questionnaire.item`. */
  as?: string;
  rules?: RuleJson[];
}

/** An invariant of severity error. */
export interface RuleJson {
  key: string;
  human: string;
  expression: string;
}

/** The content of `fhir/generated/structures.json`. */
export interface StructuresJson {
  /** Each type's `StructureJson` as text. */
  types: Record<string, string>;
  /** Codes by code system, as text. */
  valueSets: Record<string, string>;
  resourceTypes: string[];
}

let loaded: (StructuresJson & { resources: Set<string> }) | undefined;

function structures(): StructuresJson & { resources: Set<string> } {
  if (!loaded) {
    const json = JSON.parse(readFileSync(join(import.meta.dirname, "../generated/structures.json"), "utf8")) as StructuresJson;
    loaded = { ...json, resources: new Set(json.resourceTypes) };
  }
  return loaded;
}

/** @returns undefined if R4 has no such type */
export function structureOf(type: string): StructureJson | undefined {
  return isType(type) ? (JSON.parse(nonNull(structures().types[type])) as StructureJson) : undefined;
}

const elementsByType = new Map<string, ElementJson[]>();

/** All elements of a type, those of its bases first. Always the same list, which callers must not change. */
export function elementsOf(type: string): ElementJson[] {
  let known = elementsByType.get(type);
  if (!known) {
    const { base, elements = [] } = structureOf(type) ?? {};
    known = base ? [...elementsOf(base), ...elements] : elements;
    if (isType(type)) elementsByType.set(type, known);
  }
  return known;
}

const choices = new Map<string, readonly string[]>();

/** The choices among a type's elements, without `[x]`: `value` and `effective` of Observation. */
export function choicesOf(type: string): readonly string[] {
  let known = choices.get(type);
  if (!known) {
    known = elementsOf(type).flatMap((element) => (element.isChoice || (element.types?.length ?? 0) > 1 ? [element.name] : []));
    if (isType(type)) choices.set(type, known);
  }
  return known;
}

/** All rules of a type, those of its bases first. */
export function rulesOf(type: string): RuleJson[] {
  const { base, rules = [] } = structureOf(type) ?? {};
  return base ? [...rulesOf(base), ...rules] : rules;
}

const backbones = new Map<string, { elements: ElementJson[]; rules: RuleJson[] }>();

/** The elements and rules of an element without a type of its own: a backbone, or a reference to one. */
export function backboneOf(path: string): { elements: ElementJson[]; rules: RuleJson[] } {
  let known = backbones.get(path);
  if (!known) {
    known = findBackbone(path);
    backbones.set(path, known);
  }
  return known;
}

function findBackbone(path: string): { elements: ElementJson[]; rules: RuleJson[] } {
  const [type = "", ...names] = path.split(".");
  let found: ElementJson | undefined;
  let elements = elementsOf(type);
  for (const name of names) {
    found = elements.find((element) => element.name === name);
    elements = found?.elements ?? [];
  }
  if (!found?.elements) throw new Error(`R4 has no element ${path} with elements of its own.`);
  return { elements: [...elementsOf(nonNull(nonNull(found.types)[0])), ...elements], rules: found.rules ?? [] };
}

/** Codes of a closed value set by code system. */
export function valueSetOf(id: string): Record<string, string[]> {
  return JSON.parse(structures().valueSets[id] ?? "{}") as Record<string, string[]>;
}

/** Whether R4 has a data type or resource type of this name. */
export function isType(name: string): boolean {
  return Object.hasOwn(structures().types, name);
}

/** Whether R4 has a primitive type of this name. */
export function isPrimitiveType(name: string): boolean {
  return isType(name) && nonNull(structures().types[name]).startsWith('{"kind":"primitive"');
}

/** Whether it is the name of a concrete resource type. */
export function isResource(type: string): boolean {
  return structures().resources.has(type);
}
