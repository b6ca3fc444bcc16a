import { patientRecords } from "../../mixins/fhir/rules/patient-record.ts";

/** The rules of care teams. */
export const rules = patientRecords(["CareTeam"]);
