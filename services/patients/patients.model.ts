import { parametersOf } from "../../fhir/search/parameters.ts";
import { SEP } from "../../fhir/search/query.ts";
import type { NoneExist } from "../../store/store.ts";
import type { Registration } from "./patients.contract.ts";

// The rules of a patient: plain data in, plain data out. No broker, no database, no clock.

/** The FHIR Patient of a registration, without id. */
export function newPatient({ family, given, birthDate, gender, identifier, phone }: Registration) {
  return {
    resourceType: "Patient",
    active: true,
    identifier: [{ use: "official", ...identifier }],
    name: [{ use: "official", family, given }],
    ...(phone !== undefined && { telecom: [{ system: "phone", value: phone }] }),
    gender,
    birthDate,
  };
}

/** "Nobody has this identifier yet", as the store checks it in the step that writes. */
export function nobodyHas({ system, value }: Registration["identifier"]): NoneExist {
  const slots = parametersOf("Patient").get("identifier")?.slots ?? [];
  return { lock: `Patient?identifier=${system}|${value}`, clauses: [{ kind: "key", slots, any: [{ eq: `=${value}${SEP}${system}` }] }] };
}
