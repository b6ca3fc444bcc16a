import { action } from "../../mesh/contract.ts";
import type { OccurrenceTime } from "../../mesh/occurrence-time-contract.ts";

/** The FHIR types that `personnel` owns. */
export const owns = [
  "Practitioner",
  "PractitionerRole",
  "Organization",
  "OrganizationAffiliation",
  "HealthcareService",
  "CareTeam",
] as const;

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Practitioner"];

/** The end of a person's employment. */
export interface EndedEmployment {
  /** "Practitioner/…" */
  practitioner: string;
  version: number;
  /** "PractitionerRole/…": the roles that have ended with it. */
  roles: string[];
}

/** Everything that other services may know about `personnel`. */
export const personnel = {
  /**
   * Ends a person's employment: the Practitioner and its roles become inactive, in one step; the account ends with its sessions and tokens
   * (`identity`). Idempotent. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING.
   * @throws 404 PRACTITIONER_NOT_FOUND, 409 PRACTITIONER_CHANGED (read again)
   */
  endEmployment: action<{ practitioner: string } & OccurrenceTime, EndedEmployment>("personnel.endEmployment"),
};
