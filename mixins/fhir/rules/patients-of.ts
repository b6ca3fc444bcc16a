/** Whose a resource is: its one patient, or each of several. Pure. */
import { patientPathOf } from "../../../federation/patient-records.ts";
import type { Coverage } from "../../../fhir/r4.ts";
import { placeOf } from "./common.ts";
import { referencesAt } from "./references-exist.ts";

/** A group, a device, or a patient of another server may be, or have, who is meant here: nobody can tell. */
export const isPatientHere = (place: string | undefined): place is string => place?.startsWith("Patient/") === true;

/** `Patient/id` of each; none where it has none, or nobody can tell. */
export function patientsOf(resource: object | undefined): string[] {
  const { resourceType = "" } = (resource ?? {}) as { resourceType?: string };
  const path = patientPathOf(resourceType);
  return path === undefined ? [] : referencesAt(resource, path).map(placeOf).filter(isPatientHere);
}

/** Of an insurance those who hold it besides whom it insures: what it pays may stand on an account of theirs, as a child's on its father's. */
export function holdersOf(coverage: object | undefined): string[] {
  const { resourceType, subscriber, policyHolder } = (coverage ?? {}) as Partial<Coverage>;
  return resourceType === "Coverage" ? [subscriber, policyHolder].map(placeOf).filter(isPatientHere) : [];
}
