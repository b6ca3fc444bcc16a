import { intervalOf } from "../../fhir/dates.ts";
import type { Appointment } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import { currentRecord } from "../../mixins/fhir/rules/one-person.ts";
import { onePatient } from "../../mixins/fhir/rules/patient-record.ts";
import { reasonAgainst } from "../../mixins/fhir/rules/patient.ts";
import type { Change, Rule } from "../../mixins/fhir/rules/rule.ts";

/** Statuses of appointments that are pending or under way. */
const OPEN = ["proposed", "pending", "waitlist", "booked", "arrived", "checked-in"];
const isOpen = (appointment: Appointment | undefined): boolean => OPEN.includes(appointment?.status ?? "");

/** `Patient/id` of the participants. */
const patientsOf = (appointment: Appointment | undefined): string[] =>
  appointment?.participant.flatMap(({ actor }) => localReference(actor?.reference) ?? []).filter((it) => it.startsWith("Patient/")) ?? [];

/** Patients whom this change adds to an open appointment. */
function newlyComing({ before, after }: Change<Appointment>): string[] {
  const known = isOpen(before) ? patientsOf(before) : [];
  return isOpen(after) ? patientsOf(after).filter((it) => !known.includes(it)) : [];
}

const patient: Rule<Appointment> = {
  id: "appointment-patient",
  group: "subject",
  says: "No new appointment for a patient who has died, is not active, or whose record was merged into another; past appointments can be recorded.",
  facts: newlyComing,
  check(change, facts) {
    const reasons = newlyComing(change).flatMap((it) => reasonAgainst(facts.of(it), change.after?.start, change.now) ?? []);
    return reasons[0] === undefined ? undefined : refusal("appointment-patient", reasons[0], "Appointment.participant");
  },
};

/** The only patient of an appointment, if the change replaces that patient by others. */
function exchanged({ before, deleted, after }: Change<Appointment>): { from: string; to: string[] } | undefined {
  const [from, ...others] = patientsOf(before ?? deleted);
  const to = patientsOf(after);
  return from === undefined || others.length > 0 || to.length === 0 || to.includes(from) ? undefined : { from, to };
}

const subject: Rule<Appointment> = {
  id: "appointment-subject",
  group: "subject",
  says: "The only patient of an appointment cannot change; only the record into which the patient's record was merged can take its place. Further patients may join.",
  facts(change) {
    const { from, to = [] } = exchanged(change) ?? {};
    return [from, ...to];
  },
  check(change, facts) {
    const it = exchanged(change);
    if (!it || it.to.some((one) => currentRecord(one, facts) === currentRecord(it.from, facts))) return undefined;
    return refusal("appointment-subject", "The patient cannot change: cancel this one and book another.", "Appointment.participant");
  },
};

const period: Rule<Appointment> = {
  id: "appointment-period",
  group: "values",
  holdsAlways: true,
  says: "An appointment does not end before it begins.",
  check({ before, after }) {
    const { start, end } = after ?? {};
    if (start === undefined || end === undefined || (start === before?.start && end === before.end)) return undefined;
    const [begin = 0] = intervalOf(start) ?? [];
    const [, over = begin] = intervalOf(end) ?? [];
    return over < begin
      ? refusal("appointment-period", "It ends before it begins: correct one of them.", "Appointment.end", 422)
      : undefined;
  },
};

/** The rules of appointments' patients and times. */
export const appointmentRules: Rule<Appointment>[] = [patient, subject, ...onePatient<Appointment>("Appointment"), period];
