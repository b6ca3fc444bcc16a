import type { Appointment, Encounter } from "../../fhir/r4.ts";
import { placeOf, sharedPlaceOf } from "../../mixins/fhir/rules/common.ts";
import { isOpen } from "../../fhir/open-encounters.ts";
import { cancelled, reopened } from "../../mixins/fhir/rules/encounter-undo.ts";
import type { KeyOf } from "../../mixins/fhir/rules/unique-keys.ts";
import { type Visit, VisitStatus } from "./visits.contract.ts";
import { appointmentNotBooked, VISIT_ALREADY_OPEN, visitAlreadyClosed, visitNotClosed } from "./visits.errors.ts";

// The rules of a visit: plain data in, plain data out. No broker, no database, no clock.

/** The class of a visit (v3-ActCode). */
export const AMBULATORY = { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "AMB", display: "ambulatory" } as const;

/** The Encounter of a visit that begins now. */
export function openVisit(id: string, { patient, reason }: { patient: string; reason?: string }, now: Date): Encounter & { id: string } {
  return {
    resourceType: "Encounter",
    id,
    status: "in-progress",
    class: AMBULATORY,
    subject: { reference: patient },
    period: { start: now.toISOString() },
    ...(reason !== undefined && { reasonCode: [{ text: reason }] }),
  };
}

/** Statuses of an appointment whose patient is expected. */
const EXPECTED = ["proposed", "pending", "booked"];

/** The visit of an appointment, and the appointment after the arrival. @throws 409 APPOINTMENT_NOT_BOOKED */
export function arrive<Of extends Appointment>(id: string, appointment: Of, now: Date): [visit: Encounter & { id: string }, kept: Of] {
  const reference = `Appointment/${appointment.id}`;
  const patient = appointment.participant.flatMap(({ actor }) => placeOf(actor) ?? []).find((actor) => actor.startsWith("Patient/"));
  if (patient === undefined || !EXPECTED.includes(appointment.status)) throw appointmentNotBooked(reference);
  const reason = appointment.reasonCode?.[0]?.text ?? appointment.description;
  const visit = openVisit(id, { patient, ...(reason !== undefined && { reason }) }, now);
  return [
    { ...visit, appointment: [{ reference }] },
    { ...appointment, status: "arrived" },
  ];
}

/** The appointment of a cancelled visit: its patient is expected again. Undefined: nothing changes. */
export const expectedAgain = <Of extends Appointment>(appointment: Of | undefined): Of | undefined =>
  appointment?.status === "arrived" ? { ...appointment, status: "booked" } : undefined;

/** @throws 409 VISIT_ALREADY_CLOSED */
export function closeVisit<Of extends Encounter>(encounter: Of, now: Date): Of {
  if (!isOpen(encounter)) throw visitAlreadyClosed(`Encounter/${encounter.id}`);
  return { ...encounter, status: "finished", period: { ...encounter.period, end: now.toISOString() } };
}

/** The visit as cancelled. @throws 409 VISIT_ALREADY_CLOSED */
export function cancelVisit<Of extends Encounter>(encounter: Of, reason: string, now: Date): Of {
  if (!isOpen(encounter)) throw visitAlreadyClosed(`Encounter/${encounter.id}`);
  return cancelled(encounter, reason, now);
}

/** The visit as reopened. @throws 409 VISIT_NOT_CLOSED */
export function reopenVisit<Of extends Encounter>(encounter: Of, reason: string, now: Date): Of {
  if (encounter.status !== "finished") throw visitNotClosed(`Encounter/${encounter.id}`);
  return reopened(encounter, reason, now);
}

/** The unique keys of a visit: a patient has at most one open visit. The store enforces it, also for concurrent requests. */
export function visitKeys(encounter: Encounter): KeyOf[] {
  const patient = sharedPlaceOf(encounter.subject);
  if (!isOpen(encounter) || encounter.class?.code !== AMBULATORY.code || patient === undefined) return [];
  const says = "The patient has an open visit already: close it first.";
  return [{ key: `visit:${patient}`, error: VISIT_ALREADY_OPEN, says, at: "Encounter.subject" }];
}

/** A visit as callers get it. */
export function visitOf(encounter: Encounter, version: number): Visit {
  return {
    visit: `Encounter/${encounter.id}`,
    version,
    patient: encounter.subject?.reference ?? "",
    status: isOpen(encounter) ? VisitStatus.open : encounter.status === "cancelled" ? VisitStatus.cancelled : VisitStatus.closed,
    openedAt: encounter.period?.start ?? "",
    ...(encounter.period?.end !== undefined && { closedAt: encounter.period.end }),
  };
}
