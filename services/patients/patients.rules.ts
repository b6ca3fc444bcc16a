import type { Patient } from "../../fhir/r4.ts";
import { notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import type { RulesOf } from "../../mixins/fhir/rules/rule.ts";

/** What holds for patients, whoever writes them. */
export const rules: RulesOf = { Patient: [notDeletedUnder<Patient>("Patient", "set Patient.active to false, or delete those first.")] };
