/** Makes `structures.json`, against which resources are validated; `fhir/validate/structure-definition.ts` has its form. */
import type { ElementJson, RuleJson, StructureJson, StructuresJson } from "../../fhir/validate/structure-definition.ts";
import { codesOf, type ElementDefinition, type StructureDefinition, structures } from "./definitions.ts";
import { nonNull } from "../../fhir/non-null.ts";

const REGEX = "http://hl7.org/fhir/StructureDefinition/regex";
const FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type";

/** The only profile to which R4's own structures refer, and its only rule. */
const SIMPLE_QUANTITY = "http://hl7.org/fhir/StructureDefinition/SimpleQuantity";
const SIMPLE_RULE: RuleJson = { key: "sqty-1", human: "The comparator is not used on a SimpleQuantity", expression: "comparator.empty()" };

/** Rules that hold for all elements, and are checked by code. */
const EVERYWHERE = new Set(["ele-1", "ext-1"]);

/** Ids of the value sets, collected while the structures are read. */
type ValueSets = Map<string, string>;

/** The text of `structures.json`, and notes on what was left open. */
export function structuresJson(): { text: string; notes: string[] } {
  const all = structures();
  const valueSets: ValueSets = new Map();
  const open = new Set<string>();
  const types = [...all].map(([name, definition]): [string, string] => [
    name,
    JSON.stringify(structureJson(definition, all, valueSets, open)),
  ]);
  const json: StructuresJson = {
    types: Object.fromEntries(types),
    valueSets: Object.fromEntries([...valueSets].sort(([a], [b]) => (a < b ? -1 : 1))),
    resourceTypes: [...all.values()].filter(({ kind, abstract }) => kind === "resource" && !abstract).map(({ id }) => id),
  };
  return {
    text: `${JSON.stringify(json)}\n`,
    notes: [`${types.length} types, ${valueSets.size} closed value sets`, `left open: ${[...open].sort().join(", ")}`],
  };
}

function structureJson(
  definition: StructureDefinition,
  all: Map<string, StructureDefinition>,
  valueSets: ValueSets,
  open: Set<string>,
): StructureJson {
  const { id, kind, snapshot } = definition;
  const base = definition.baseDefinition?.split("/").at(-1);
  if (kind === "primitive-type") {
    const value = snapshot.element.find(({ path }) => path === `${id}.value`);
    const regex = (value?.type?.[0]?.extension as { url: string; valueString?: string }[] | undefined)?.find(({ url }) => url === REGEX);
    return { kind: "primitive", ...(regex?.valueString ? { regex: regex.valueString } : {}) };
  }
  const rulesOfBase = new Set(base ? keysOf(all.get(base)?.snapshot.element[0]) : []);
  const rules = rulesOf(nonNull(snapshot.element[0])).filter(({ key }) => !rulesOfBase.has(key));
  return {
    kind: kind === "resource" ? "resource" : "complex",
    ...(base ? { base } : {}),
    elements: elementsBelow(id, snapshot.element, new Set(namesOf(base, all)), valueSets, open),
    ...(rules.length ? { rules } : {}),
  };
}

const namesOf = (type: string | undefined, all: Map<string, StructureDefinition>): string[] =>
  childrenOf(type ?? "", all.get(type ?? "")?.snapshot.element ?? []).map(({ path }) => path.slice(nonNull(type).length + 1));

function elementsBelow(
  path: string,
  elements: ElementDefinition[],
  inherited: Set<string>,
  valueSets: ValueSets,
  open: Set<string>,
): ElementJson[] {
  return childrenOf(path, elements)
    .filter((element) => !inherited.has(element.path.slice(path.length + 1)))
    .map((element): ElementJson => {
      const name = element.path.slice(path.length + 1);
      const types = (element.type ?? []).map(({ code, extension }) => extension?.find(({ url }) => url === FHIR_TYPE)?.valueUrl ?? code);
      const isBackbone = types[0] === "BackboneElement" || types[0] === "Element";
      const isSimple = element.type?.some(({ profile }) => profile?.includes(SIMPLE_QUANTITY));
      const rules = [...rulesOf(element), ...(isSimple ? [SIMPLE_RULE] : [])];
      const codes = bindingOf(element, valueSets, open);
      const targets = targetsOf(element);
      return {
        name: name.replace("[x]", ""),
        ...(element.min > 0 ? { min: element.min } : {}),
        ...(element.max !== "1" ? { max: element.max === "*" ? -1 : Number(element.max) } : {}),
        ...(name.endsWith("[x]") ? { isChoice: true } : {}),
        ...(types.length && !isBackbone ? { types } : {}),
        ...(targets ? { targets } : {}),
        ...(codes ? { codes } : {}),
        ...(isBackbone
          ? {
              // A backbone inherits id, extensions and modifiers from its type.
              types,
              elements: elementsBelow(element.path, elements, new Set(["id", "extension", "modifierExtension"]), valueSets, open),
            }
          : {}),
        ...(element.contentReference ? { as: element.contentReference.slice(1) } : {}),
        ...(rules.length ? { rules } : {}),
      };
    });
}

function childrenOf(path: string, elements: ElementDefinition[]): ElementDefinition[] {
  return elements.filter((element) => element.path.startsWith(`${path}.`) && !element.path.slice(path.length + 1).includes("."));
}

const keysOf = (element: ElementDefinition | undefined): string[] => element?.constraint?.map(({ key }) => key) ?? [];

function rulesOf(element: ElementDefinition): RuleJson[] {
  return (element.constraint ?? [])
    .filter(({ key, severity, expression }) => severity === "error" && expression && !EVERYWHERE.has(key))
    .map(({ key, human, expression }) => ({ key, human, expression: nonNull(expression) }));
}

function bindingOf({ binding }: ElementDefinition, valueSets: ValueSets, open: Set<string>): string | undefined {
  if (binding?.strength !== "required" || !binding.valueSet) return undefined;
  const [address = ""] = binding.valueSet.split("|");
  const id = address.slice(address.lastIndexOf("/") + 1);
  if (valueSets.has(id)) return id;
  const codes = codesOf(binding.valueSet);
  if (!codes) {
    open.add(id);
    return undefined;
  }
  valueSets.set(id, JSON.stringify(codes));
  return id;
}

function targetsOf({ type }: ElementDefinition): string[] | undefined {
  const profiles = type?.find(({ code }) => code === "Reference")?.targetProfile ?? [];
  const targets = profiles.map((profile) => profile.slice(profile.lastIndexOf("/") + 1));
  return targets.length && !targets.includes("Resource") ? targets.sort() : undefined;
}
