/** R4's search parameters, as `npm run generate` read them from HL7's definitions. Loaded at first use, made up per type. */
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
  /** Slots (query.ts) with its rows, all of them alternatives. Of a composite: the slots that hold rows of its own. */
  slots: number[];
  /** Of a reference: types that it leads to; undefined: any. */
  targets?: string[];
  /** Of a reference: only those to this type count, though the slots hold others too. */
  only?: string;
  /** Of a token: its rows have codes whose system is implied and not stored; a question's system does not count there. */
  isImplied?: boolean;
  /** Of a token: its elements have no system, so that a question with `|` has no meaning (R4 3.1.1.4.10). */
  isPlain?: boolean;
  /** Of a token: its elements are strings, whose rows are in lower case. */
  ignoresCase?: boolean;
  /** Of a token: its elements have texts of their own (`:text`), or are identifiers with a type (`:of-type`). */
  hasText?: boolean;
  hasTypes?: boolean;
  /** Of a reference: the resource is a part of this one, with no place of its own. */
  isHeld?: boolean;
  /** Of a token: its elements are MIME types. */
  isMime?: boolean;
  /** Of a string: it looks at names, whose later parts are rows of their own. */
  hasParts?: boolean;
  /** Of a reference: its rows are canonical addresses or uris, found in the target's `url`, not ids. */
  isCanonical?: boolean;
  /** Of a composite, in order; with slots when these rows lie on the resource itself. */
  parts?: SearchParameter[];
}

/** To be raised when rows are made differently though slots stay the same: stores then make their rows anew. */
const EXTRACTION = 7;

const text = readFileSync(join(import.meta.dirname, "../generated/search.json"), "utf8");
const json = JSON.parse(text) as SearchJson;

/** All concrete resource types of R4, in the order that slots are numbered by. */
export const resourceTypes: readonly string[] = Object.keys(json.types);

/** Types that canonical references may lead to: those with an address and a version of their own. */
export const addressedTypes: readonly string[] = resourceTypes.filter((type) => {
  const { url, version } = nonNull(json.types[type]).parameters;
  return url !== undefined && version !== undefined;
});

const places = new Map(resourceTypes.map((type, index) => [type, index]));

/** Changes whenever the rows of some resource would, in one time zone. */
const rowsVersion = createHash("sha256").update(`${EXTRACTION}\n`).update(text).digest("hex").slice(0, 16);

/** What the index rows mean; another one makes a store build them anew at its start. Days are the hospital's. */
export const indexVersion = (): string => (hospitalZone() === "UTC" ? rowsVersion : `${rowsVersion} ${hospitalZone()}`);

/** Whether R4 has a resource type of this name. */
export function isResourceType(name: string): boolean {
  return places.has(name);
}

/** Slots of the parameters that every type has. */
const commonSlots = { _tag: 0, _profile: 1, _security: 2, _source: 3 } as const;

/** Local number of the slot with the references that no search parameter looks at: a note's author, a guarantor, extensions. */
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

/** The slot in which references are found that no search parameter of the type looks at. */
export const otherReferencesSlot = (type: string): number => slotOf(type, OTHER_REFERENCES);

/** What each slot reads, for `extract.ts`: [slot, what]. */
export function slotsOf(type: string): [slot: number, read: SlotJson][] {
  const own = nonNull(json.types[type]).slots.map((read, index): [number, SlotJson] => [slotOf(type, FIRST_LOCAL + index), read]);
  return [...common.map(([local, read]): [number, SlotJson] => [slotOf(type, local), read]), ...own];
}

const known = new Map<string, Map<string, SearchParameter>>();

/**
 * By code: the parameters of a resource type, with `_tag`, `_profile`, `_security` and `_source`; without those that no row
 * answers (`_id`, `_lastUpdated`, `_text`, …). Empty for a name that is no resource type.
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

/** The named parameter, but with the slots that the composite reads. */
function partOf(type: string, part: PartJson, own: TypeJson): SearchParameter {
  const named = parameterOf(type, part.code, own.parameters[part.code] ?? part, own);
  return { ...named, slots: part.slots.map((local) => slotOf(type, local)) };
}

function readsOf(slot: SlotJson) {
  return "read" in slot ? slot.read : slot.parts.flat();
}

/**
 * The parameters by which a resource belongs to a compartment (R4 CompartmentDefinition): `compartmentOf("Patient", "Observation")` →
 * `["subject", "performer"]`. "_id": the resource is the compartment itself. Empty: never in it.
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
