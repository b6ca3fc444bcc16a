import { patientRecords } from "../../../mixins/fhir/rules/patient-record.ts";
import type { RulesOf } from "../../../mixins/fhir/rules/rule.ts";
import { owns } from "./skeleton.contract.ts";

/** What holds for what is stored here, by whichever door it is written: of a patient's record each resource keeps its patient, and is in that patient's encounters only. */
export const rules: RulesOf = patientRecords(owns);
