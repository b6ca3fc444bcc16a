/** References of a resource that no rule looks at: R4 lets them lead nowhere. */
import { ACT_REFERENCES, RESTED_ON } from "../../federation/act-references.ts";
import { localReference, splitPlace } from "../../federation/facts.ts";
import { patientsOf } from "../../mixins/fhir/rules/patients-of.ts";
import { referencesAt } from "../../mixins/fhir/rules/references-exist.ts";
import type { Facts } from "../../mixins/fhir/rules/rule.ts";
import type { Resource } from "../../fhir/resource.ts";

/** In the text of a resource; a quotation mark inside a string has a backslash before it, so that what a string says is none. */
const REFERENCE = /"reference"\s*:\s*("(?:[^"\\]|\\.)*")/g;

/** `Type/id` of local references, each once, but for those that an act rests on. @param text the resource as JSON: walking through it takes three times as long */
export function referencesBesides(type: string, resource: Resource, text: string): string[] {
  const all = new Set<string>();
  for (const [, written = ""] of text.matchAll(REFERENCE)) {
    const place = localReference(written.includes("\\") ? (JSON.parse(written) as string) : written.slice(1, -1));
    if (place !== undefined) all.add(place);
  }
  for (const { path } of ACT_REFERENCES[type] ?? []) {
    for (const { reference } of referencesAt(resource, path)) {
      const place = localReference(reference);
      if (place !== undefined && RESTED_ON.has(splitPlace(place)[0])) all.delete(place);
    }
  }
  return [...all];
}

/** The patients of an act and of what it refers to, as far as that is known; each once. */
export function patientsAround(act: object, known: Pick<Facts, "of">): string[] {
  const all = new Set<string>();
  collect(act, all);
  const patients = [...all].flatMap((place) => {
    if (place.startsWith("Patient/")) return [place];
    return patientsOf(known.of(place)?.resource);
  });
  return [...new Set(patients)];
}

function collect(value: unknown, into: Set<string>): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, into);
  } else if (value !== null && typeof value === "object") {
    for (const [name, one] of Object.entries(value)) {
      if (name === "reference" && typeof one === "string") {
        const place = localReference(one);
        if (place !== undefined) into.add(place);
      } else if (typeof one === "object") collect(one, into);
    }
  }
}
