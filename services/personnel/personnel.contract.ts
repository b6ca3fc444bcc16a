import { action } from "../../mesh/contract.ts";

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

/** A person who does not work here any more. */
export interface EndedEmployment {
  /** "Practitioner/…" */
  practitioner: string;
  version: number;
  /** "PractitionerRole/…", those that have ended with it. */
  roles: string[];
}

/** Everything that other services may know about `personnel`. */
export const personnel = {
  /**
   * A person leaves: the Practitioner and its roles are active no longer, in one step; an account ends, with its sessions and tokens
   * (`identity`). Doing it again changes nothing.
   * @throws 404 PRACTITIONER_NOT_FOUND, 409 PRACTITIONER_CHANGED (read again)
   */
  endEmployment: action<{ practitioner: string }, EndedEmployment>("personnel.endEmployment"),
};
