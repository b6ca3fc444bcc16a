import type { Patient } from "../../fhir/r4.ts";
import { tokenClause } from "../../fhir/search/exact-clauses.ts";
import type { NoneExist } from "../../store/store.ts";
import type { Registration } from "./patients.contract.ts";

// The rules of a patient: plain data in, plain data out. No broker, no database, no clock.

/** The FHIR Patient of a registration. */
export function newPatient(id: string, { family, given, birthDate, gender, identifier, phone }: Registration): Patient & { id: string } {
  return {
    resourceType: "Patient",
    id,
    active: true,
    identifier: [{ use: "official", ...identifier }],
    name: [{ use: "official", family, given }],
    ...(phone !== undefined && { telecom: [{ system: "phone", value: phone }] }),
    gender,
    birthDate,
  };
}

/** "Nobody has this identifier yet", as the store checks it in the step that writes. */
export function nobodyHas(identifier: Registration["identifier"]): NoneExist {
  const { system, value } = identifier;
  return { lock: `Patient?identifier=${system}|${value}`, clauses: [tokenClause("Patient", "identifier", identifier)] };
}
