import type { Appointment } from "../../fhir/r4.ts";
import { statusSteps } from "../../mixins/fhir/rules/common.ts";
import { encounterRules } from "../../mixins/fhir/rules/encounter.ts";
import { referencesExist } from "../../mixins/fhir/rules/references.ts";
import type { RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";

/** What holds for ambulatory Encounters and for appointments, whoever writes them. */
export const rules: RulesOf = {
  Encounter: encounterRules,
  Appointment: [
    statusSteps<Appointment>("Appointment", STATUS_STEPS.Appointment, { says: "An appointment that was kept stays so, or is an error." }),
    referencesExist<Appointment>("Appointment"),
  ],
};
