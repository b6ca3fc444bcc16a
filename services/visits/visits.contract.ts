import { action } from "../../mesh/contract.ts";
import type { OccurrenceTime } from "../../mesh/occurrence-time-contract.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";

/** The FHIR types that this service owns. */
export const owns = ["Encounter", "Appointment", "AppointmentResponse", "Schedule", "Slot", "EpisodeOfCare"];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Appointment", "Encounter"];

/** URL of an extension of an Appointment, a string: the reason for booking a practitioner who has another appointment at that time. */
export const OVERBOOKED = "urn:openward:overbooked";

/** One ambulatory visit of a patient, from registration to departure: a FHIR Encounter of class AMB. */
export interface Visit {
  /** "Encounter/…" */
  visit: string;
  version: number;
  patient: string; // "Patient/…"
  status: VisitStatus;
  openedAt: string; // ISO 8601, UTC
  closedAt?: string; // ISO 8601, UTC; absent while the visit is open
}

/** `open`: the patient is still there. */
export const VisitStatus = { open: "open", closed: "closed", cancelled: "cancelled" } as const;
export type VisitStatus = (typeof VisitStatus)[keyof typeof VisitStatus];

/**
 * Everything that other services may know about `visits`. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING. With the `version` of the
 * visit or appointment that was read, nothing is stored if others have changed it since: 409 VISIT_CHANGED, APPOINTMENT_CHANGED.
 */
export const visits = {
  /** @throws 404 NOT_FOUND for an unknown patient, 409 VISIT_ALREADY_OPEN when the patient has an open visit */
  open: action<{ patient: string; reason?: string } & OccurrenceTime, Visit>("visits.open"),
  /**
   * Opens the visit of an appointment, with its reason, and sets the appointment to `arrived`, in one step.
   * @throws 404 APPOINTMENT_NOT_FOUND, 409 APPOINTMENT_NOT_BOOKED (done, cancelled, or without a patient), 409 VISIT_ALREADY_OPEN, 409 APPOINTMENT_CHANGED
   *         (read again)
   */
  arrive: action<{ appointment: string } & SeenVersion & OccurrenceTime, Visit>("visits.arrive"),
  /** @throws 404 VISIT_NOT_FOUND, 409 VISIT_ALREADY_CLOSED, 409 VISIT_CHANGED (read again) */
  close: action<{ visit: string } & SeenVersion & OccurrenceTime, Visit>("visits.close"),
  /** Undoes the opening: the visit did not take place, and its appointment is booked again. @throws 404 VISIT_NOT_FOUND, 409 VISIT_ALREADY_CLOSED, 409 VISIT_CHANGED (read again) */
  cancel: action<{ visit: string; reason: string } & SeenVersion, Visit>("visits.cancel"),
  /**
   * Undoes the closing: the visit continues.
   * @throws 404 VISIT_NOT_FOUND, 409 VISIT_NOT_CLOSED, 409 VISIT_ALREADY_OPEN (another one), 409 VISIT_CHANGED (read again)
   */
  reopen: action<{ visit: string; reason: string } & SeenVersion, Visit>("visits.reopen"),
};
