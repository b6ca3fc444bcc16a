import type { Appointment, EpisodeOfCare, Slot } from "../../fhir/r4.ts";
import { statusSteps, subjectStays } from "../../mixins/fhir/rules/common.ts";
import { notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import { notInFuture } from "../../mixins/fhir/rules/done.ts";
import { bedOfOne } from "../../mixins/fhir/rules/bed-of-one.ts";
import { encounterRules } from "../../mixins/fhir/rules/encounter.ts";
import { onePatient } from "../../mixins/fhir/rules/patient-record.ts";
import { referencesExist } from "../../mixins/fhir/rules/references-exist.ts";
import type { Rule, RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { appointmentRules } from "./appointment-rules.ts";
import { INPATIENT } from "../hospitalizations/hospitalizations.contract.ts";
import { OVERBOOKED } from "./visits.contract.ts";
import { OVERLAP } from "./visits.effects.ts";

/** Enforced by counters in the write itself (`visits.effects.ts`), so that of two concurrent bookings one is refused. */
const overlap: Rule<Appointment> = {
  id: OVERLAP,
  group: "values",
  says: `A practitioner has no two future appointments at the same time, unless the later one gives the reason in the extension ${OVERBOOKED}.`,
  check: () => undefined,
};

/** The rules of ambulatory Encounters, episodes of care and appointments. */
export const rules: RulesOf = {
  Encounter: [...encounterRules, bedOfOne(INPATIENT)],
  EpisodeOfCare: [
    subjectStays<EpisodeOfCare>("EpisodeOfCare", "patient", ({ patient }) => patient),
    ...onePatient<EpisodeOfCare>("EpisodeOfCare"),
  ],
  Appointment: [
    statusSteps<Appointment>("Appointment", STATUS_STEPS.Appointment, {
      says: "The status of a fulfilled appointment changes only to entered-in-error.",
    }),
    ...appointmentRules,
    notInFuture<Appointment>("Appointment", { statuses: ["fulfilled"], times: ({ start }) => ({ start }) }),
    referencesExist<Appointment>("Appointment"),
    overlap,
  ],
  Slot: [notDeletedUnder<Slot>("Slot", "set Slot.status to busy-unavailable, or to entered-in-error.")],
};
