/** Records of one person: a replaced record and the one that replaced it are the same patient. */
import { LinkKind, replaceLinks } from "../../../fhir/bundle/links.ts";
import { copyOfJson } from "../../../fhir/json.ts";
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import { localReference } from "../../../federation/facts.ts";
import type { Facts } from "./rule.ts";

/** What is known of patients. */
export type PatientFacts = Pick<Facts, "of">;

/** The record that has replaced this one, "Patient/…"; else itself. Both must be known as facts. */
export function currentRecord(patient: string, facts: PatientFacts): string {
  const links = (facts.of(patient)?.resource?.link ?? []) as { type?: string; other?: Reference }[];
  return localReference(links.find(({ type }) => type === "replaced-by")?.other?.reference) ?? patient;
}

/** Whether a patient is one of the given ones, by any record of the same person. All must be known as facts, unless it is literally among them. */
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

/** The resource with every reference to a replaced record pointing to the record that replaced it. */
export function withCurrentRecords<Of extends FhirResource>(resource: Of, facts: PatientFacts): Of {
  const copy = copyOfJson(resource);
  replaceLinks(copy, (link, kind) => {
    const place = kind === LinkKind.reference ? localReference(link) : undefined;
    return place?.startsWith("Patient/") ? currentRecord(place, facts) : undefined;
  });
  return copy;
}
