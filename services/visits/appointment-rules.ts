import { intervalOf } from "../../fhir/dates.ts";
import type { Appointment, Reference } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import { currentRecord, isAmong } from "../../mixins/fhir/rules/one-person.ts";
import { reasonAgainst } from "../../mixins/fhir/rules/patient.ts";
import type { Change, Facts, Rule } from "../../mixins/fhir/rules/rule.ts";

/** Statuses of what is still to come, or is kept now. */
const OPEN = ["proposed", "pending", "waitlist", "booked", "arrived", "checked-in"];
const isOpen = (appointment: Appointment | undefined): boolean => OPEN.includes(appointment?.status ?? "");

/** `Patient/id` of those who come. */
const patientsOf = (appointment: Appointment | undefined): string[] =>
  appointment?.participant.flatMap(({ actor }) => localReference(actor?.reference) ?? []).filter((it) => it.startsWith("Patient/")) ?? [];

/** Patients who are to come by this change. */
function newlyComing({ before, after }: Change<Appointment>): string[] {
  const known = isOpen(before) ? patientsOf(before) : [];
  return isOpen(after) ? patientsOf(after).filter((it) => !known.includes(it)) : [];
}

const patient: Rule<Appointment> = {
  id: "appointment-patient",
  group: "subject",
  says: "No new appointment of a patient who has died, was replaced, or is not active; the past can be recorded.",
  facts: newlyComing,
  check(change, facts) {
    const reasons = newlyComing(change).flatMap((it) => reasonAgainst(facts.of(it), change.after?.start, change.now) ?? []);
    return reasons[0] === undefined ? undefined : refusal("appointment-patient", reasons[0], "Appointment.participant");
  },
};

/** The only patient of an appointment who is exchanged for others. */
function exchanged({ before, deleted, after }: Change<Appointment>): { from: string; to: string[] } | undefined {
  const [from, ...others] = patientsOf(before ?? deleted);
  const to = patientsOf(after);
  return from === undefined || others.length > 0 || to.length === 0 || to.includes(from) ? undefined : { from, to };
}

const subject: Rule<Appointment> = {
  id: "appointment-subject",
  group: "subject",
  says: "The only patient of an appointment stays the same, but for one who was replaced by another; others may join.",
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

/** Orders for which somebody is to come by this change. */
function newlyBasedOn({ before, after }: Change<Appointment>): string[] {
  const isSame = JSON.stringify(patientsOf(before)) === JSON.stringify(patientsOf(after));
  const known = isSame ? (before?.basedOn ?? []).map(({ reference }) => localReference(reference)) : [];
  return (after?.basedOn ?? []).flatMap(({ reference }) => {
    const place = localReference(reference);
    return place === undefined || known.includes(place) ? [] : [place];
  });
}

/** Those of them that are another patient's, as it seems: another record of the same person has another id. */
function ofOthers(change: Change<Appointment>, facts: Facts): { order: string; patient: string; own: string[] }[] {
  // A patient who takes another's place comes to the one first, then to the other.
  const own = [...patientsOf(change.after), ...patientsOf(change.before)];
  return newlyBasedOn(change).flatMap((order) => {
    const patient = localReference((facts.of(order)?.resource as { subject?: Reference } | undefined)?.subject?.reference);
    const isOther = patient?.startsWith("Patient/") === true && own.length > 0 && !own.includes(patient);
    return isOther ? [{ order, patient, own }] : [];
  });
}

const onePatient: Rule<Appointment> = {
  id: "appointment-one-patient",
  group: "subject",
  says: "An appointment is of the patient of the order that it is for.",
  facts: (change, facts) => [...newlyBasedOn(change), ...ofOthers(change, facts).flatMap(({ patient, own }) => [patient, ...own])],
  check(change, facts) {
    const other = ofOthers(change, facts).find(({ patient, own }) => !isAmong(patient, own, facts));
    if (other === undefined) return undefined;
    const what = `${other.order} is another patient's: name an order of this patient's.`;
    return refusal("appointment-one-patient", what, "Appointment.basedOn");
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

/** What holds for the patients and times of appointments, whoever writes them. */
export const appointmentRules: Rule<Appointment>[] = [patient, subject, onePatient, period];
