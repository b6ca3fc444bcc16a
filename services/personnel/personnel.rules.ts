import { patientRecords } from "../../mixins/fhir/rules/patient-record.ts";

/** What holds for those who care for a patient together, whoever writes it. */
export const rules = patientRecords(["CareTeam"]);
