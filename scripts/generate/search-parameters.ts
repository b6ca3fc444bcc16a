/** Makes `fhir/generated/search.json`: the search parameters of each resource type, and the JSON members that they read. */
import type { SearchParameterDefinition, StructureDefinition } from "./definitions.ts";
import type { ParameterJson, PartJson, Read, SlotJson, TypeJson } from "../../fhir/search/parameter-definition.ts";
import type { Leaf, UnionMember } from "./paths.ts";
import { FIRST_LOCAL } from "../../fhir/search/parameter-definition.ts";
import { compartments, searchParameters, structures } from "./definitions.ts";
import { Paths } from "./paths.ts";
import { nonNull } from "../../fhir/non-null.ts";

/** Data types that each type of search parameter reads; elements of other types are not searchable by it. */
const readable: Record<string, string[]> = {
  token: [
    "CodeableConcept",
    "Coding",
    "Identifier",
    "ContactPoint",
    "code",
    "boolean",
    "string",
    "id",
    "uri",
    "url",
    "canonical",
    "oid",
    "uuid",
  ],
  string: ["string", "markdown", "HumanName", "Address", "FamilyName"],
  reference: ["Reference", "canonical", "uri", "url", "Resource"],
  uri: ["uri", "url", "canonical", "oid", "uuid"],
  date: ["date", "dateTime", "instant", "Period", "Timing"],
  number: ["integer", "positiveInt", "unsignedInt", "decimal", "Range"],
  quantity: ["Quantity", "Age", "Duration", "Count", "Distance", "Money", "Range", "SampledData"],
  special: ["BackboneElement"],
};

interface Work {
  name: string;
  slots: SlotJson[];
  /** slot by the elements that it reads */
  known: Map<string, number>;
}

/** Search parameters beyond R4 that daily work needs: charges that are on no invoice yet. */
const ADDED: SearchParameterDefinition[] = [
  {
    url: "urn:openward:SearchParameter/ChargeItem-status",
    code: "status",
    base: ["ChargeItem"],
    type: "token",
    expression: "ChargeItem.status",
  },
];

/** The text of `search.json`, and notes on what was left out. */
export function searchJson(): { text: string; notes: string[] } {
  const defined = structures();
  const paths = new Paths(defined);
  const parameters = [...searchParameters(), ...ADDED];
  const notes: string[] = [];
  const types: Record<string, TypeJson> = {};
  for (const name of resourceTypes(defined)) types[name] = typeJson(name, parameters, paths, notes);
  const lines = Object.entries(types).map(([name, type]) => `    ${JSON.stringify(name)}: ${JSON.stringify(type)}`);
  const text = `{\n  "fhirVersion": "4.0.1",\n  "compartments": ${compartmentsJson()},\n  "types": {\n${lines.join(",\n")}\n  }\n}\n`;
  return { text, notes };
}

/** All concrete resource types in alphabetical order; a type's position is part of its slots. */
function resourceTypes(defined: Map<string, StructureDefinition>): string[] {
  return [...defined.values()]
    .filter((structure) => structure.kind === "resource" && !structure.abstract)
    .map((structure) => structure.id)
    .sort();
}

/** `{def}` is HL7's notation for the compartment's own resource, which belongs to it even where HL7 does not say so. */
function compartmentsJson(): string {
  const entries = compartments().map(({ code, resource }) => {
    const members = resource.map(({ code: type, param = [] }): [string, string[]] => {
      const params = param.map((one) => one.replace(/^{def}$/, "_id"));
      return [type, type === code ? [...new Set(["_id", ...params])] : params];
    });
    return [code, Object.fromEntries(members.filter(([, params]) => params.length))] as const;
  });
  return JSON.stringify(Object.fromEntries(entries));
}

function typeJson(name: string, all: SearchParameterDefinition[], paths: Paths, notes: string[]): TypeJson {
  const own = all.filter((parameter) => parameter.base.includes(name));
  const work: Work = { name, slots: [], known: new Map() };
  const entries: [string, ParameterJson][] = [];
  for (const parameter of own) {
    if (parameter.type !== "composite") entries.push([parameter.code, plain(parameter, work, paths, notes)]);
  }
  for (const parameter of own) {
    if (parameter.type === "composite") entries.push([parameter.code, composite(parameter, all, work, paths)]);
  }
  if (work.slots.length > 100 - FIRST_LOCAL) throw new Error(`${name} needs more slots than there are: ${work.slots.length}`);
  return { slots: work.slots, parameters: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function plain(parameter: SearchParameterDefinition, work: Work, paths: Paths, notes: string[]): ParameterJson {
  const members = paths.members(nonNull(parameter.expression), work.name);
  const slots = members.flatMap((member) => {
    const read = readsOf(member, parameter.type);
    const dropped = member.asserted ? [] : member.leaves.filter((leaf) => !nonNull(readable[parameter.type]).includes(leaf.type));
    if (dropped.length) {
      notes.push(
        `${work.name}.${parameter.code} (${parameter.type}) does not read ${dropped.map((leaf) => `${leaf.path}: ${leaf.type}`).join(", ")}`,
      );
    }
    if (!read.length) return [];
    if (parameter.type === "special") return [slotOf(work, { as: "latitude", read }), slotOf(work, { as: "longitude", read })];
    return [slotOf(work, { as: member.asserted ? "asserted" : parameter.type, read })];
  });
  const only = members.find((member) => member.only)?.only;
  const targets = parameter.type === "reference" ? targetsOf(parameter, members, only) : undefined;
  return { type: parameter.type, slots: [...new Set(slots)], ...(targets ? { targets } : {}), ...(only ? { only } : {}) };
}

function targetsOf(parameter: SearchParameterDefinition, members: UnionMember[], only: string | undefined): string[] | undefined {
  if (only) return [only];
  const byElement = new Set<string>();
  for (const { targets } of members.flatMap((member) => member.leaves)) {
    if (!targets) return anyOr(parameter.target);
    for (const target of targets) byElement.add(target);
  }
  const both = (parameter.target ?? []).filter((target) => byElement.has(target));
  return anyOr(both.length ? both : [...byElement]);
}

/** Over a hundred targets is how HL7 writes "any". */
function anyOr(targets: string[] | undefined): string[] | undefined {
  return targets && targets.length > 0 && targets.length < 100 ? [...targets].sort() : undefined;
}

function composite(parameter: SearchParameterDefinition, all: SearchParameterDefinition[], work: Work, paths: Paths): ParameterJson {
  const bases = nonNull(parameter.expression)
    .split("|")
    .map((part) => part.trim());
  const slots: number[] = [];
  const parts = nonNull(parameter.component).map((component): PartJson => {
    const definition = all.find((candidate) => candidate.url === component.definition);
    if (!definition) throw new Error(`${parameter.url} has an unknown part: ${component.definition}`);
    return { code: definition.code, type: definition.type, slots: [] };
  });
  const reads = (base: string) =>
    nonNull(parameter.component).map((component, index) => {
      const members = component.expression.split("|").map((part) => partOf(part.trim(), base, work, paths));
      const found = members.map((member) => readsOf(member, nonNull(parts[index]).type)).filter((read) => read.length);
      if (found.length) return found;
      // DocumentReference's "relationship" has the expressions of its parts exchanged; their own definitions are right.
      const own = nonNull(all.find((candidate) => candidate.url === component.definition));
      return paths.members(nonNull(own.expression), work.name).map((member) => readsOf(member, own.type));
    });
  for (const base of bases.filter((candidate) => candidate.split(".")[0] === work.name)) {
    const path = base.split(".").slice(1).join(".");
    const isRepeated = path !== "" && path !== "referenceSeq";
    if (!isRepeated) {
      for (const [index, members] of reads(path).entries()) {
        const part = nonNull(parts[index]);
        part.slots.push(...members.map((read) => slotOf(work, { as: part.type, read })));
      }
      continue;
    }
    const below = reads(path).map((members) => members.flat().map(([at, type, system]): Read => relative(at, path, type, system)));
    slots.push(slotOf(work, { as: parts.map((part) => part.type).join("$"), base: path, parts: below }));
  }
  return { type: "composite", ...(slots.length ? { slots } : {}), parts };
}

function partOf(expression: string, base: string, work: Work, paths: Paths): UnionMember {
  const fromRoot = /^%resource\.(.*)$/.exec(expression)?.[1];
  return fromRoot ? paths.member(fromRoot, work.name) : paths.member(expression, work.name, base);
}

/** The path below `base`; `/…` starts again at the resource. */
function relative(at: string, base: string, type: string, system: string | undefined): Read {
  const path = at.startsWith(`${base}.`) ? at.slice(base.length + 1) : `/${at}`;
  return system === undefined ? [path, type] : [path, type, system];
}

function readsOf(member: UnionMember, type: string): Read[] {
  const leaves = member.leaves.filter((leaf: Leaf) => member.asserted || nonNull(readable[type]).includes(leaf.type));
  return leaves.map((leaf): Read => {
    if (type === "token" && leaf.system !== undefined) return [leaf.path, leaf.type, leaf.system];
    // The parts of family names are searched one by one (R4 3.1.1.4.8), those of other strings are not.
    return [leaf.path, type === "string" && leaf.path.endsWith("name.family") ? "FamilyName" : leaf.type];
  });
}

function slotOf(work: Work, slot: SlotJson): number {
  const key = JSON.stringify(slot);
  const known = work.known.get(key);
  if (known !== undefined) return known;
  const local = FIRST_LOCAL + work.slots.length;
  work.slots.push(slot);
  work.known.set(key, local);
  return local;
}
