import type { HealthcareService, Organization, Practitioner } from "../../fhir/r4.ts";
import { patientRecords } from "../../mixins/fhir/rules/patient-record.ts";
import type { RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { seenNames } from "../../mixins/fhir/rules/seen-names.ts";

/** The rules of staff, organizations and care teams. */
export const rules: RulesOf = {
  Practitioner: [seenNames<Practitioner>("Practitioner")],
  Organization: [seenNames<Organization>("Organization")],
  HealthcareService: [seenNames<HealthcareService>("HealthcareService")],
  ...patientRecords(["CareTeam"]),
};
