/** Resources made from R4's definitions, with lists of any length: valid in structure and types. */
import { backboneOf, type ElementJson, elementsOf, isPrimitiveType, valueSetOf } from "../../fhir/validate/structure-definition.ts";

type Json = Record<string, unknown>;

/** Elements of every type, and those that do not make a list larger. */
const COMMON = new Set(["id", "extension", "modifierExtension", "implicitRules", "meta", "contained", "text"]);

/** Depth limit: types contain one another. */
const DEEPEST = 6;

/** A list in a resource: `Patient.contact`, `Patient.contact.telecom`. */
export interface ListOf {
  path: string;
  /** Type of its items; for a backbone element the path. */
  type: string;
  /** The resource with this many items in the list. */
  fill(items: number): Json;
}

/** The lists of a resource type, and those inside the first item of each. */
export function listsOf(type: string): ListOf[] {
  return elementsOf(type)
    .filter((element) => isList(element) && element.name !== "contained")
    .flatMap((element) => {
      const path = `${type}.${element.name}`;
      const own: ListOf = {
        path,
        type: element.elements ? path : (element.as ?? element.types?.[0] ?? ""),
        fill: (items) => put(resourceOf(type), element, { items, depth: 0 }),
      };
      const inner = element.elements ?? (element.as ? backboneOf(element.as).elements : []);
      const below = inner
        .filter((it) => isList(it) && !COMMON.has(it.name))
        .map((it): ListOf => {
          const fill = (items: number): Json => {
            const resource = put(resourceOf(type), element, { items: 1, depth: 0 });
            const [first] = resource[element.name] as Json[];
            put(first as Json, it, { items, depth: 1 });
            return resource;
          };
          return { path: `${path}.${it.name}`, type: it.elements ? `${path}.${it.name}` : (it.as ?? it.types?.[0] ?? ""), fill };
        });
      return [own, ...below];
    });
}

/** The resource with this many items in each of its lists. */
export function filledEverywhere(type: string, items: number): Json {
  const resource = resourceOf(type);
  for (const element of elementsOf(type)) if (isList(element)) put(resource, element, { items, depth: 0 });
  return resource;
}

/**
 * A resource that refers to a patient by every element that can, and by an extension.
 * @param most number of elements besides required ones; fewer if invariants allow no more
 */
export function referringTo(type: string, patient: string, most = Number.POSITIVE_INFINITY): Json {
  const resource = resourceOf(type);
  const found = elementsOf(type).filter(({ types = [], targets }) => types.includes("Reference") && (targets?.includes("Patient") ?? true));
  for (const { name, max, isChoice } of found.slice(0, most)) {
    if (isChoice) {
      for (const other of Object.keys(resource)) if (other.startsWith(name)) delete resource[other];
    }
    resource[isChoice ? `${name}Reference` : name] = max === -1 ? [{ reference: patient }] : { reference: patient };
  }
  if (elementsOf(type).some(({ name }) => name === "extension")) {
    resource.extension = [{ url: "urn:extended", valueReference: { reference: patient } }];
  }
  return resource;
}

/** Types whose resources may refer to a patient: by an element, or by an extension. */
export const typesThatRefer = (all: readonly string[]): string[] =>
  all.filter((type) => elementsOf(type).some(({ name, types }) => name === "extension" || types?.includes("Reference")));

const isList = ({ max }: ElementJson): boolean => max === -1;
const resourceOf = (type: string): Json => ({ resourceType: type, ...objectOf(elementsOf(type), 0, 0) });

/** An object with the mandatory ones of these elements; of none, with the first. */
export const requiredOf = (elements: ElementJson[]): Json => objectOf(elements, 0, 0);

function objectOf(elements: ElementJson[], number: number, depth: number): Json {
  const object: Json = {};
  for (const element of elements) {
    if (element.min && !COMMON.has(element.name)) put(object, element, { items: 1, depth: depth + 1, number });
  }
  if (Object.keys(object).length > 0 || depth >= DEEPEST) return object;
  const own = elements.filter(({ name }) => !COMMON.has(name));
  const first = own.find(({ types }) => types !== undefined && isPrimitiveType(types[0] as string)) ?? own[0];
  return first ? put(object, first, { items: 1, depth: depth + 1, number }) : object;
}

function put(object: Json, element: ElementJson, { items, depth, number = 0 }: { items: number; depth: number; number?: number }): Json {
  if (depth > DEEPEST) return object;
  const type = element.types?.[0] ?? "";
  const name = element.isChoice ? `${element.name}${type.charAt(0).toUpperCase()}${type.slice(1)}` : element.name;
  object[name] =
    (element.max ?? 1) === 1
      ? valueFor(element, type, number, depth)
      : Array.from({ length: items }, (_, index) => valueFor(element, type, number * items + index, depth));
  return object;
}

function valueFor(element: ElementJson, type: string, number: number, depth: number): unknown {
  if (element.as) return objectOf(backboneOf(element.as).elements, number, depth);
  if (element.elements) return objectOf(element.elements, number, depth);
  if (isPrimitiveType(type)) return primitiveOf(element, type, number);
  if (type === "Resource") return { resourceType: "Basic", id: `c${number}`, code: { text: "x" } };
  if (type === "Reference") return { reference: `${element.targets?.[0] ?? "Patient"}/r${number}` };
  if (type === "Extension") return { url: `http://e.example/${number}`, valueString: `v${number}` };
  if (type === "CodeableConcept") return { coding: [codingOf(element, number)], text: `t${number}` };
  if (type === "Coding") return codingOf(element, number);
  return objectOf(elementsOf(type), number, depth);
}

function codingOf({ codes }: ElementJson, number: number): Json {
  const [known] = Object.entries(codes === undefined ? {} : valueSetOf(codes));
  return known ? { system: known[0], code: known[1][0] } : { system: "http://s.example", code: `c${number}` };
}

function primitiveOf({ codes }: ElementJson, type: string, number: number): unknown {
  const known = codes === undefined ? [] : Object.values(valueSetOf(codes)).flat();
  if (known.length > 0) return known[number % known.length];
  switch (type) {
    case "boolean":
      return true;
    case "integer":
    case "positiveInt":
    case "unsignedInt":
      return number + 1;
    case "decimal":
      return number + 0.5;
    case "date":
      return new Date(number * 86_400_000).toISOString().slice(0, 10);
    case "dateTime":
    case "instant":
      return new Date(number * 1_000).toISOString();
    case "time":
      return "12:00:00";
    case "base64Binary":
      return "AAAA";
    case "oid":
      return `urn:oid:1.2.${number}`;
    case "uuid":
      return `urn:uuid:a7b2c1d0-0000-4000-8000-${String(number).padStart(12, "0")}`;
    case "uri":
    case "url":
    case "canonical":
      return `http://a.example/${number}`;
    case "xhtml":
      return '<div xmlns="http://www.w3.org/1999/xhtml">a</div>';
    default:
      return `x${number}`;
  }
}
