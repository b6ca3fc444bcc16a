/** References that no rule checks: R4 allows them to lead nowhere. */
import { ACT_REFERENCES, RESTED_ON } from "../../federation/act-references.ts";
import { localReference, splitPlace } from "../../federation/facts.ts";
import { patientsOf } from "../../mixins/fhir/rules/patients-of.ts";
import { referencesAt } from "../../mixins/fhir/rules/references-exist.ts";
import type { Facts } from "../../mixins/fhir/rules/rule.ts";
import type { Resource } from "../../fhir/resource.ts";

/** Matches references in the JSON of a resource; inside strings quotation marks are escaped, so that string contents do not match. */
const REFERENCE = /"reference"\s*:\s*("(?:[^"\\]|\\.)*")/g;

/** `Type/id` of local references without duplicates, except those that an act depends on. @param text the resource's JSON: walking the object takes three times as long */
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

/** The known patients of an act and of the resources that it refers to, without duplicates. */
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
