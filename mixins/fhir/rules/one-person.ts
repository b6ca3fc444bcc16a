/** Records of one person: a record that was replaced and the one that took its place are the same patient. */
import { LinkKind, replaceLinks } from "../../../fhir/bundle/links.ts";
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import { localReference } from "../../../federation/facts.ts";
import type { Facts } from "./rule.ts";

/** The record that has taken the place of this one, "Patient/…"; else itself. Both are to be known as facts. */
export function currentRecord(patient: string, facts: Facts): string {
  const links = (facts.of(patient)?.resource?.link ?? []) as { type?: string; other?: Reference }[];
  return localReference(links.find(({ type }) => type === "replaced-by")?.other?.reference) ?? patient;
}

/** Whether a patient is one of these, by whichever of a person's records. All are to be known as facts, unless it is among them by itself. */
export const isAmong = (patient: string, own: string[], facts: Facts): boolean =>
  own.includes(patient) || own.some((one) => currentRecord(one, facts) === currentRecord(patient, facts));

/** `Patient/id` of all patients that a resource refers to. */
export function patientsIn(resource: FhirResource | undefined): string[] {
  const patients = new Set<string>();
  replaceLinks(resource, (link, kind) => {
    const place = kind === LinkKind.reference ? localReference(link) : undefined;
    if (place?.startsWith("Patient/")) patients.add(place);
    return undefined;
  });
  return [...patients];
}

/** The resource as it would be if each replaced record were named by the one that took its place. */
export function withCurrentRecords<Of extends FhirResource>(resource: Of, facts: Facts): Of {
  const copy = structuredClone(resource);
  replaceLinks(copy, (link, kind) => {
    const place = kind === LinkKind.reference ? localReference(link) : undefined;
    return place?.startsWith("Patient/") ? currentRecord(place, facts) : undefined;
  });
  return copy;
}
