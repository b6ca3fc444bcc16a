/** A profile (R4 profiling.html) as a tree of its constraints, from its snapshot or from its differential and its base profiles. */

import { isType } from "../structure-definition.ts";

/** A StructureDefinition with derivation "constraint". */
export interface Profile {
  resourceType?: string;
  url?: string;
  type?: string;
  derivation?: string;
  baseDefinition?: string;
  snapshot?: { element?: ProfileElement[] };
  differential?: { element?: ProfileElement[] };
}

/** The parts of an ElementDefinition that are read here. */
export interface ProfileElement {
  id?: string;
  path?: string;
  sliceName?: string;
  slicing?: { discriminator?: { type?: string; path?: string }[]; rules?: string; ordered?: boolean };
  min?: number;
  max?: string;
  type?: { code?: string; profile?: string[]; targetProfile?: string[] }[];
  binding?: { strength?: string; valueSet?: string };
  constraint?: { key?: string; severity?: string; human?: string; expression?: string }[];
  maxLength?: number;
  /** fixed[x], pattern[x], minValue[x], maxValue[x]. */
  [member: string]: unknown;
}

/** The constraints on one element, or on one slice of it. */
export interface Node {
  /** Name as in the profile, `value[x]`; for a slice its own. */
  name: string;
  min: number;
  max: number;
  types: NonNullable<ProfileElement["type"]> | undefined;
  fixed: unknown;
  pattern: unknown;
  least: unknown;
  most: unknown;
  maxLength: number | undefined;
  valueSet: string | undefined;
  /** By key. */
  constraints: Map<string | undefined, NonNullable<ProfileElement["constraint"]>[number]>;
  slicing: ProfileElement["slicing"];
  slices: Map<string, Node>;
  children: Map<string, Node>;
  /** Cost of checking one value against it, in steps, once it is known (`stepsOf`). */
  steps: number | undefined;
}

/** Least cost of a node for each value, and for each type that it names. */
const NODE_STEPS = 5;
/** Characters that are compared, or put into an error, in one step. */
const CHARACTERS_PER_STEP = 50;
/** Characters of a name, key or sentence of a profile that errors repeat. No element of R4 has so long a name. */
const [MAX_NAME, MAX_SENTENCE] = [100, 500];

/** The constraints of one profile and of all that it is based on, by element. */
export interface Tree {
  root: Node;
  type: string;
  /** Base profiles that are not stored. */
  missing: string[];
}

const CORE = "http://hl7.org/fhir/StructureDefinition/";

/** A longer chain is a loop. */
const MAX_BASES = 20;

/** The R4 type that a url names; undefined for a profile's. */
export function coreType(url: string): string | undefined {
  const name = url.startsWith(CORE) ? url.slice(CORE.length).split("|")[0] : undefined;
  return name !== undefined && isType(name) ? name : undefined;
}

/** `http://…/a|1.0` → `http://…/a` */
export function withoutVersion(url: string): string {
  const bar = url.indexOf("|");
  return bar < 0 ? url : url.slice(0, bar);
}

/** `http://…/ValueSet/a` → `a` */
export const lastStep = (url: string): string => url.slice(url.lastIndexOf("/") + 1);

const nodeOf = (name: string): Node => ({
  name: name.slice(0, MAX_NAME),
  min: 0,
  max: Number.POSITIVE_INFINITY,
  types: undefined,
  fixed: undefined,
  pattern: undefined,
  least: undefined,
  most: undefined,
  maxLength: undefined,
  valueSet: undefined,
  constraints: new Map(),
  slicing: undefined,
  slices: new Map(),
  children: new Map(),
  steps: undefined,
});

/** Cost of checking one value against a node, in steps of the budget: its author may have written any number of types. */
export function stepsOf(node: Node): number {
  if (node.steps !== undefined) return node.steps;
  const { types = [], valueSet = "" } = node;
  let [named, characters] = [1, valueSet.length];
  for (const { code = "", profile = [], targetProfile = [] } of types) {
    for (const text of [code, ...profile, ...targetProfile]) {
      named += 1;
      characters += text.length;
    }
  }
  node.steps = NODE_STEPS * named + Math.floor(characters / CHARACTERS_PER_STEP);
  return node.steps;
}

/** @param known the stored profiles, by url without version */
export function treeOf(profile: Profile, known: Map<string, Profile>): Tree {
  const root = nodeOf(profile.type ?? "");
  const missing: string[] = [];
  for (const elements of layersOf(profile, known, missing)) for (const element of elements) add(root, element);
  return { root, type: profile.type ?? "", missing };
}

/** Element lists from the most general profile to this one; a snapshot includes those of its bases. */
function layersOf(profile: Profile, known: Map<string, Profile>, missing: string[]): ProfileElement[][] {
  const layers: ProfileElement[][] = [];
  let current: Profile | undefined = profile;
  for (let count = 0; current && count < MAX_BASES; count++) {
    if (current.snapshot?.element?.length) {
      layers.unshift(current.snapshot.element);
      return layers;
    }
    layers.unshift(current.differential?.element ?? []);
    const base: string = current.baseDefinition ?? "";
    const next: Profile | undefined = known.get(withoutVersion(base));
    if (!next && coreType(base) !== current.type) missing.push(base);
    current = next;
  }
  return layers;
}

function add(root: Node, element: ProfileElement): void {
  const [, ...segments] = (element.id ?? element.path ?? "").split(".");
  let node = root;
  for (const segment of segments) {
    const [name = "", ...slice] = segment.split(":");
    node = below(node.children, name);
    const sliceName = slice.join(":");
    if (sliceName) node = below(node.slices, sliceName);
  }
  constrain(node, element);
}

function below(nodes: Map<string, Node>, name: string): Node {
  const known = nodes.get(name);
  if (known) return known;
  const node = nodeOf(name);
  nodes.set(name, node);
  return node;
}

function constrain(node: Node, element: ProfileElement): void {
  node.min = element.min ?? node.min;
  if (element.max !== undefined) node.max = element.max === "*" ? Number.POSITIVE_INFINITY : Number(element.max);
  node.types = element.type ?? node.types;
  node.slicing = element.slicing ?? node.slicing;
  node.maxLength = element.maxLength ?? node.maxLength;
  if (element.binding) node.valueSet = element.binding.strength === "required" ? element.binding.valueSet : undefined;
  for (const constraint of element.constraint ?? []) {
    if (node.constraints.has(constraint.key)) continue;
    node.constraints.set(constraint.key, { ...constraint, human: (constraint.human ?? "").slice(0, MAX_SENTENCE) });
  }
  for (const [name, value] of Object.entries(element)) {
    if (/^fixed[A-Z]/.test(name)) node.fixed = value;
    else if (/^pattern[A-Z]/.test(name)) node.pattern = value;
    else if (/^minValue[A-Z]/.test(name)) node.least = value;
    else if (/^maxValue[A-Z]/.test(name)) node.most = value;
  }
}
