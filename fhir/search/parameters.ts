/** R4's search parameters, which `npm run generate` derived from HL7's definitions. Loaded at first use, expanded per type. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ParameterJson, PartJson, SearchJson, SlotJson, TypeJson } from "./parameter-definition.ts";
import { FIRST_LOCAL } from "./parameter-definition.ts";
import { nonNull } from "../non-null.ts";
import { hospitalZone } from "../time-zone.ts";

/** The types of search parameters (R4, search.html#ptypes). */
export type SearchType = "token" | "string" | "reference" | "uri" | "date" | "number" | "quantity" | "special" | "composite";

/** One search parameter of one type. */
export interface SearchParameter {
  code: string;
  type: SearchType;
  /** Slots (query.ts) with its rows, which are alternatives. For a composite: the slots with rows of its own. */
  slots: number[];
  /** For a reference: target types; undefined: any. */
  targets?: string[];
  /** For a reference: only those to this type count, although the slots contain others. */
  only?: string;
  /** For a token: the system of its codes is implied and not stored; a system in a question is ignored. */
  isImplied?: boolean;
  /** For a token: its elements have no system, so that a question with `|` has no meaning (R4 3.1.1.4.10). */
  isPlain?: boolean;
  /** For a token: its elements are strings, whose rows are in lower case. */
  ignoresCase?: boolean;
  /** For a token: its elements have texts (`:text`), or are identifiers with a type (`:of-type`). */
  hasText?: boolean;
  hasTypes?: boolean;
  /** For a reference: the target is a part of this resource, without an address of its own. */
  isHeld?: boolean;
  /** For a token: its elements are MIME types. */
  isMime?: boolean;
  /** For a string: its elements are names, whose later parts have rows of their own. */
  hasParts?: boolean;
  /** For a reference: its rows are canonicals or uris, compared with the target's `url` rather than its id. */
  isCanonical?: boolean;
  /** For a composite: its parts in order; with slots if their rows belong to the resource itself. */
  parts?: SearchParameter[];
}

/** Increase it when rows are computed differently although slots stay the same: stores then rebuild their rows. */
const EXTRACTION = 10;

const text = readFileSync(join(import.meta.dirname, "../generated/search.json"), "utf8");
const json = JSON.parse(text) as SearchJson;

/** All concrete resource types of R4, in the order in which slots are numbered. */
export const resourceTypes: readonly string[] = Object.keys(json.types);

/** Types that canonical references may lead to: those with a url and a version of their own. */
export const addressedTypes: readonly string[] = resourceTypes.filter((type) => {
  const { url, version } = nonNull(json.types[type]).parameters;
  return url !== undefined && version !== undefined;
});

const places = new Map(resourceTypes.map((type, index) => [type, index]));

/** Changes whenever the rows of some resource would, within one time zone. */
const rowsVersion = createHash("sha256").update(`${EXTRACTION}\n`).update(text).digest("hex").slice(0, 16);

/** Version of the meaning of index rows; with another one a store rebuilds them at its start. Days are in the hospital's time zone. */
export const indexVersion = (): string => (hospitalZone() === "UTC" ? rowsVersion : `${rowsVersion} ${hospitalZone()}`);

/** The time zone of an `indexVersion` that differs from the present one in that only; undefined: it differs in more, or not. */
export function otherZoneOf(version: string): string | undefined {
  const [rows, zone = "UTC"] = version.split(" ");
  return rows === rowsVersion && zone !== hospitalZone() ? zone : undefined;
}

/** Whether R4 has a resource type of this name. */
export function isResourceType(name: string): boolean {
  return places.has(name);
}

/** Slots of the parameters that every type has. */
const commonSlots = { _tag: 0, _profile: 1, _security: 2, _source: 3 } as const;

/** Local number of the slot for references without a search parameter: a note's author, a guarantor, extensions. */
const OTHER_REFERENCES = 4;

const common: [local: number, read: SlotJson][] = [
  [commonSlots._tag, { as: "token", read: [["meta.tag", "Coding"]] }],
  [commonSlots._profile, { as: "uri", read: [["meta.profile", "canonical"]] }],
  [commonSlots._security, { as: "token", read: [["meta.security", "Coding"]] }],
  [commonSlots._source, { as: "uri", read: [["meta.source", "uri"]] }],
];

/** The slot of a local number. */
export function slotOf(type: string, local: number): number {
  return nonNull(places.get(type)) * 100 + local;
}

/** The type that a slot belongs to. */
export function typeOfSlot(slot: number): string | undefined {
  return resourceTypes[Math.floor(slot / 100)];
}

/** The slot for references without a search parameter of the type. */
export const otherReferencesSlot = (type: string): number => slotOf(type, OTHER_REFERENCES);

/** The slots of a type with the elements that each reads, for `extract.ts`. */
export function slotsOf(type: string): [slot: number, read: SlotJson][] {
  const own = nonNull(json.types[type]).slots.map((read, index): [number, SlotJson] => [slotOf(type, FIRST_LOCAL + index), read]);
  return [...common.map(([local, read]): [number, SlotJson] => [slotOf(type, local), read]), ...own];
}

const known = new Map<string, Map<string, SearchParameter>>();

/**
 * The search parameters of a resource type by code, including `_tag`, `_profile`, `_security` and `_source`, without those that have no
 * rows (`_id`, `_lastUpdated`, `_text`, …). Empty for an unknown type.
 */
export function parametersOf(type: string): ReadonlyMap<string, SearchParameter> {
  let parameters = known.get(type);
  if (!parameters) {
    parameters = new Map();
    if (!isResourceType(type)) return parameters;
    const own = nonNull(json.types[type]);
    for (const [code, local] of Object.entries(commonSlots)) {
      const slots = [slotOf(type, local)];
      parameters.set(code, local % 2 ? { code, type: "uri", slots } : { code, type: "token", slots, hasText: true });
    }
    for (const [code, parameter] of Object.entries(own.parameters)) parameters.set(code, parameterOf(type, code, parameter, own));
    known.set(type, parameters);
  }
  return parameters;
}

const withoutSystem = new Set(["boolean", "dateTime", "uri", "url", "canonical", "oid", "uuid", "string", "id"]);

const withText = new Set(["CodeableConcept", "Coding", "Identifier"]);

function parameterOf(type: string, code: string, from: ParameterJson, own: TypeJson): SearchParameter {
  const locals = from.slots ?? [];
  const reads = locals.flatMap((local) => readsOf(nonNull(own.slots[local - FIRST_LOCAL])));
  const parameter: SearchParameter = { code, type: from.type as SearchType, slots: locals.map((local) => slotOf(type, local)) };
  if (from.targets) parameter.targets = from.targets;
  if (from.only) parameter.only = from.only;
  if (from.type === "token" && reads.length) {
    if (reads.some(([, as, system]) => as === "code" && !system)) parameter.isImplied = true;
    if (reads.every(([, as]) => withoutSystem.has(as))) parameter.isPlain = true;
    if (reads.some(([, as]) => as === "string")) parameter.ignoresCase = true;
    if (reads.some(([, as]) => withText.has(as))) parameter.hasText = true;
    if (reads.some(([, as]) => as === "Identifier")) parameter.hasTypes = true;
    if (reads.every(([, , system]) => system === "urn:ietf:bcp:13")) parameter.isMime = true;
  }
  if (from.type === "reference" && reads.every(([, as]) => as === "canonical" || as === "uri")) parameter.isCanonical = true;
  if (from.type === "reference" && reads.some(([, as]) => as === "Resource")) parameter.isHeld = true;
  if (from.type === "string" && reads.some(([, as]) => as === "HumanName" || as === "FamilyName")) parameter.hasParts = true;
  if (from.parts) parameter.parts = from.parts.map((part) => partOf(type, part, own));
  return parameter;
}

/** The named parameter, with the slots that the composite reads. */
function partOf(type: string, part: PartJson, own: TypeJson): SearchParameter {
  const named = parameterOf(type, part.code, own.parameters[part.code] ?? part, own);
  return { ...named, slots: part.slots.map((local) => slotOf(type, local)) };
}

function readsOf(slot: SlotJson) {
  return "read" in slot ? slot.read : slot.parts.flat();
}

/**
 * The parameters by which a resource belongs to a compartment (R4 CompartmentDefinition): `compartmentOf("Patient", "Observation")` →
 * `["subject", "performer"]`. "_id": the resource is the compartment itself. Empty: resources of the type never belong to it.
 */
export function compartmentOf(compartment: string, type: string): readonly string[] {
  const members = Object.hasOwn(json.compartments, compartment) ? nonNull(json.compartments[compartment]) : {};
  return Object.hasOwn(members, type) ? nonNull(members[type]) : [];
}

/** Patient, Encounter, Practitioner, RelatedPerson, Device. */
export const compartmentTypes: readonly string[] = Object.keys(json.compartments);

/** The reference parameters of a type. */
export function referencesOf(type: string): SearchParameter[] {
  return [...parametersOf(type).values()].filter((one) => one.type === "reference");
}

/** Whether a reference parameter can lead to resources of a type. */
export function mayReferTo({ targets, isCanonical }: SearchParameter, type: string): boolean {
  return (targets ?? (isCanonical ? addressedTypes : resourceTypes)).includes(type);
}
