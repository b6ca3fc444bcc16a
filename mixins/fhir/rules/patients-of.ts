/** The patients of a resource: one, or several. Pure functions. */
import { patientPathOf } from "../../../federation/patient-records.ts";
import type { Coverage } from "../../../fhir/r4.ts";
import { placeOf } from "./common.ts";
import { referencesAt } from "./references-exist.ts";

/** Whether a reference is to a patient of this system; a group, a device or a patient of another server may be any of them. */
export const isPatientHere = (place: string | undefined): place is string => place?.startsWith("Patient/") === true;

/** `Patient/id` of each; none where it has none, or that cannot be told. */
export function patientsOf(resource: object | undefined): string[] {
  const { resourceType = "" } = (resource ?? {}) as { resourceType?: string };
  const path = patientPathOf(resourceType);
  return path === undefined ? [] : referencesAt(resource, path).map(placeOf).filter(isPatientHere);
}

/** Those who hold an insurance besides the insured patient: its payments may go to an account of theirs, e.g. a child's to its father's. */
export function holdersOf(coverage: object | undefined): string[] {
  const { resourceType, subscriber, policyHolder } = (coverage ?? {}) as Partial<Coverage>;
  return resourceType === "Coverage" ? [subscriber, policyHolder].map(placeOf).filter(isPatientHere) : [];
}
