import type { Ownership } from "../../federation/owner-contract.ts";
import { action } from "../../mesh/contract.ts";
import type { Happened } from "../../mesh/happened-contract.ts";

/** Classes of Encounters that are stays (v3-ActCode). */
export const INPATIENT = ["IMP", "ACUTE", "NONAC", "OBSENC", "SS"];

/** The FHIR types that this service owns. */
export const owns: (string | Ownership)[] = [{ type: "Encounter", where: { path: "class.code", in: INPATIENT } }];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Encounter"];

/** One stay of a patient in a bed, from admission to discharge: a FHIR Encounter of class IMP. */
export interface Stay {
  /** "Encounter/…" */
  stay: string;
  version: number;
  patient: string; // "Patient/…"
  /** "Location/…"; absent after the discharge. */
  bed?: string;
  status: StayStatus;
  admittedAt: string; // ISO 8601, UTC
  dischargedAt?: string; // ISO 8601, UTC; absent while the patient stays
}

/** Whether the patient is still in the house; of an admission that was cancelled: what it has become. */
export const StayStatus = { admitted: "admitted", discharged: "discharged", cancelled: "cancelled", visit: "visit" } as const;
export type StayStatus = (typeof StayStatus)[keyof typeof StayStatus];

/** Everything that other services may know about `hospitalizations`. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING. */
export const hospitalizations = {
  /**
   * Admits a patient to a bed. With `visit`, the patient's open ambulatory visit becomes the stay: same id, next version.
   *
   * @throws 404 NOT_FOUND for an unknown patient, bed or visit; 409 BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, NOT_A_BED, WARD_CLOSED,
   *         VISIT_NOT_OPEN, STAY_CHANGED (others were faster: try again)
   */
  admit: action<{ patient: string; bed: string; visit?: string; reason?: string } & Happened, Stay>("hospitalizations.admit"),
  /** Moves the patient to another bed. @throws 404 STAY_NOT_FOUND; 409 BED_OCCUPIED, NOT_A_BED, ALREADY_DISCHARGED, STAY_CHANGED */
  transfer: action<{ stay: string; bed: string } & Happened, Stay>("hospitalizations.transfer"),
  /** Ends the stay and frees the bed. @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED */
  discharge: action<{ stay: string } & Happened, Stay>("hospitalizations.discharge"),
  /**
   * Undoes an admission: the bed is free, the stay the open visit that it was before, or cancelled.
   * @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED, VISIT_ALREADY_OPEN (the patient has come to another visit)
   */
  cancelAdmission: action<{ stay: string; reason: string }, Stay>("hospitalizations.cancelAdmission"),
  /**
   * Undoes the last transfer: the patient is in the bed before it.
   * @throws 404 STAY_NOT_FOUND; 409 NOT_TRANSFERRED, ALREADY_DISCHARGED, BED_OCCUPIED, NOT_A_BED, WARD_CLOSED, STAY_CHANGED
   */
  cancelTransfer: action<{ stay: string; reason: string }, Stay>("hospitalizations.cancelTransfer"),
  /**
   * Undoes a discharge: the stay goes on, in the bed where the patient lay, or in `bed`.
   * @throws 404 STAY_NOT_FOUND, NOT_FOUND (the bed); 409 NOT_DISCHARGED, BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, NOT_A_BED, WARD_CLOSED,
   *         STAY_CHANGED
   */
  cancelDischarge: action<{ stay: string; reason: string; bed?: string }, Stay>("hospitalizations.cancelDischarge"),
};
