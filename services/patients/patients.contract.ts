import { action } from "../../mesh/contract.ts";

/** The FHIR types that this service owns. */
export const owns = ["Patient", "RelatedPerson", "Person", "Group"];

/** The administrative gender, in FHIR's codes. */
export const Gender = { male: "male", female: "female", other: "other", unknown: "unknown" } as const;
export type Gender = (typeof Gender)[keyof typeof Gender];

/** Who comes to the front desk. */
export interface Registration {
  family: string;
  given: string[];
  birthDate: string; // YYYY-MM-DD, YYYY-MM or YYYY
  gender: Gender;
  /** The number that tells this person from all others, e.g. a national id. */
  identifier: { system: string; value: string };
  phone?: string;
}

/** A new patient. */
export interface RegisteredPatient {
  /** "Patient/…" */
  patient: string;
  version: number;
  registeredAt: string; // ISO 8601, UTC
}

/** Everything that other services may know about `patients`. */
export const patients = {
  /**
   * Registers a person once.
   * @throws 409 PATIENT_ALREADY_REGISTERED (`data.patient`) when the identifier is known; 409 IDENTIFIER_SHARED
   *         (`data.patients`) when several patients have it, whose records must be merged first
   */
  register: action<Registration, RegisteredPatient>("patients.register"),
};
