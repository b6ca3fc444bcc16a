/**
 * Translates the FHIRPath of R4's search parameters, which use few of its forms, into paths of JSON members:
 * `Observation.value.ofType(Quantity)` → `valueQuantity: Quantity`.
 */
import type { ElementDefinition, StructureDefinition } from "./definitions.ts";
import { systemOf } from "./definitions.ts";
import { nonNull } from "../../fhir/non-null.ts";

/** A place in a resource's JSON, e.g. `component.valueQuantity`, with its data type. */
export interface Leaf {
  /** Members joined by dots. `telecom[system=phone]` selects the items of a list with this value, `entry[0]` its first. */
  path: string;
  type: string;
  /** For a `code`: the one system of its required binding; "" if there is none or several. */
  system?: string;
  /** For a Reference: the resource types to which it may refer. */
  targets?: string[];
}

/** One member of a union (`a | b`). */
export interface UnionMember {
  leaves: Leaf[];
  /** From `.where(resolve() is Patient)`. */
  only?: string;
  /** `Patient.deceased.exists() and Patient.deceased != false`: true when there is a value other than false. */
  asserted?: boolean;
}

interface PathTarget {
  path: string;
  /** The structure that defines the members, and the path in it: ("Observation", "Observation.component"). */
  structure: string;
  at: string;
  type: string;
  element?: ElementDefinition;
}

/** Resolves the paths of search parameters. */
export class Paths {
  readonly #structures: Map<string, StructureDefinition>;
  readonly #elements = new Map<string, Map<string, ElementDefinition>>();

  constructor(structures: Map<string, StructureDefinition>) {
    this.#structures = structures;
  }

  /** The parts of an expression that apply to `type`. */
  members(expression: string, type: string): UnionMember[] {
    const deceased = /^(\w+)\.(\w+)\.exists\(\) and \1\.\2 != false$/.exec(expression);
    if (deceased) return [{ ...this.member(`${deceased[1]}.${deceased[2]}`, type), asserted: true }];
    return expression
      .split("|")
      .map((part) => part.trim())
      .filter((part) => /^\(?[a-z]/.test(part) || new RegExp(`^\\(?${type}\\.`).test(part))
      .map((part) => this.member(part, type));
  }

  /** One part, below `base` (a path inside the type) or at the type itself. */
  member(expression: string, type: string, base = ""): UnionMember {
    const only = /\.where\(resolve\(\) is (\w+)\)$/.exec(expression)?.[1];
    const steps = stepsOf(expression.replace(/\.where\(resolve\(\) is \w+\)$/, ""));
    if (steps[0] === type) steps.shift();
    let places: PathTarget[] = [{ path: "", structure: type, at: type, type }];
    for (const step of [...(base ? base.split(".") : []), ...steps]) {
      places = places.flatMap((place) => this.#step(place, step, expression));
    }
    return { leaves: places.map((place) => this.#leaf(place)), ...(only ? { only } : {}) };
  }

  #step(place: PathTarget, step: string, expression: string): PathTarget[] {
    const ofType = /^ofType\((\w+)\)$/.exec(step)?.[1];
    // FHIRPath names the type of a choice only where needed; here all its types are known.
    if (ofType) return isA(place.type, ofType) ? [place] : [];
    const filter = /^where\((\w+)='([\w-]+)'\)$/.exec(step);
    if (filter) return [{ ...place, path: `${place.path}[${filter[1]}=${filter[2]}]` }];
    const [, name, index] = /^(\w+)(\[0\])?$/.exec(step) ?? [];
    if (!name) throw new Error(`The search expression "${expression}" has a form that is new: ${step}`);
    const found = this.#children(place, name);
    if (!found.length) throw new Error(`The search expression "${expression}" names the unknown element ${place.at}.${name}`);
    return found.map((child) => ({ ...child, path: (place.path ? `${place.path}.` : "") + child.path + (index ?? "") }));
  }

  #children(place: PathTarget, name: string): PathTarget[] {
    const elements = this.#of(place.structure);
    const plain = elements.get(`${place.at}.${name}`);
    const element = plain ?? elements.get(`${place.at}.${name}[x]`);
    if (!element) return [];
    if (element.contentReference) {
      const at = element.contentReference.slice(1);
      return [{ path: name, structure: place.structure, at, type: "BackboneElement", element }];
    }
    return (element.type ?? []).map(({ code }) => {
      const inline = code === "BackboneElement" || code === "Element";
      const type = code.startsWith("http://hl7.org/fhirpath/") ? "id" : code;
      const path = plain ? name : name + nonNull(type[0]).toUpperCase() + type.slice(1);
      return { path, structure: inline ? place.structure : type, at: inline ? element.path : type, type, element };
    });
  }

  #leaf({ path, type, element }: PathTarget): Leaf {
    const leaf: Leaf = { path, type };
    if (type === "code") leaf.system = (element?.binding?.strength === "required" && systemOf(element.binding.valueSet ?? "")) || "";
    const profiles = element?.type?.find(({ code }) => code === type)?.targetProfile ?? [];
    const targets = profiles.map((profile) => profile.slice(profile.lastIndexOf("/") + 1));
    if ((type === "Reference" || type === "canonical") && targets.length && !targets.includes("Resource")) leaf.targets = targets;
    return leaf;
  }

  #of(structure: string): Map<string, ElementDefinition> {
    let elements = this.#elements.get(structure);
    if (!elements) {
      elements = new Map((this.#structures.get(structure)?.snapshot.element ?? []).map((element) => [element.path, element]));
      this.#elements.set(structure, elements);
    }
    return elements;
  }
}

/** Whether a type is a kind of another; FHIR derives several from uri. HL7 writes dateTime with a capital once. */
function isA(type: string, general: string): boolean {
  if (general === "uri") return ["uri", "url", "canonical", "oid", "uuid"].includes(type);
  return type === general || (general === "DateTime" && type === "dateTime");
}

/** `(Medication.ingredient.item as Reference)` → Medication, ingredient, item, ofType(Reference). */
function stepsOf(expression: string): string[] {
  const plain = expression
    .trim()
    .replace(/^\((.*)\)$/, "$1")
    .replace(/^\((\S+) as (\w+)\)/, "$1.ofType($2)")
    .replace(/^(\S+) as (\w+)$/, "$1.ofType($2)")
    .replace(/\.as\((\w+)\)/g, ".ofType($1)");
  return plain.match(/\w+\('?[^)]*\)|[\w[\]]+/g) ?? [];
}
