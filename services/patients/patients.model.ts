import type { Identifier, Patient } from "../../fhir/r4.ts";
import { tokenClause } from "../../fhir/search/exact-clauses.ts";
import type { NoneExist, UniqueKey } from "../../store/store.ts";
import type { Registration } from "./patients.contract.ts";
import { PATIENT_ALREADY_REGISTERED } from "./patients.errors.ts";

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

/** An identifier however it is typed: without blanks, in one case and one form of each character. */
const keyOf = ({ system = "", value = "" }: Identifier): string =>
  `identifier:${system}|${value.normalize("NFKC").replace(/\s/g, "").toLowerCase()}`;

/** Nobody else has an official identifier of a patient, however it is typed; but whom a record was replaced by may. */
export function patientKeys({ identifier = [], active, link }: Patient): UniqueKey[] {
  if (active === false || link?.some(({ type }) => type === "replaced-by")) return [];
  const official = identifier.filter(({ use, value }) => use === "official" && value !== undefined);
  return [...new Set(official.map(keyOf))].map((key) => ({ key, error: PATIENT_ALREADY_REGISTERED }));
}

/** "Nobody has this identifier yet", as the store checks it in the step that writes. */
export function nobodyHas(identifier: Registration["identifier"]): NoneExist {
  const { system, value } = identifier;
  return { lock: `Patient?identifier=${system}|${value}`, clauses: [tokenClause("Patient", "identifier", identifier)] };
}
