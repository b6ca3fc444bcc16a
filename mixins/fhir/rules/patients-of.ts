/** Whose a resource is: its one patient, or each of several. Pure. */
import { patientPathOf } from "../../../federation/patient-records.ts";
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
