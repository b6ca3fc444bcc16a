/** Elements by which R4's types of the patient record refer to their patient or patients, and to what they were made in, for or with. */
import { referencePathsOf } from "../fhir/reference-paths.ts";
import { elementsOf } from "../fhir/validate/structure-definition.ts";

/** Elements by which a type refers to its one patient. */
const PATIENT_ELEMENTS = ["patient", "subject", "for", "beneficiary", "individual", "candidate"];
/** Elements that refer to what it was done in, for, or with, which has the same patient; others (a reason, a focus) may be another's. */
const WITHIN = /(?:^|\.)(?:encounter|context|episodeOfCare|basedOn|specimen|hasMember|derivedFrom)$/;
/** Types that may have several patients: a family's account, a couple's appointment. */
const OF_SEVERAL: Readonly<Record<string, string>> = { Account: "subject", Appointment: "participant.actor" };
const OF_A_PATIENT = ["Encounter", "EpisodeOfCare", "ServiceRequest", "MedicationRequest", "Specimen", "Observation", "CarePlan"];

/** Paths of the References to what has the same patient, without the type. */
export const withinOf = (type: string): string[] =>
  referencePathsOf(type).flatMap(({ path, targets }) =>
    WITHIN.test(path) && (targets?.some((it) => OF_A_PATIENT.includes(it)) ?? true) ? [path] : [],
  );

/** Paths of the References to the encounters and episodes in which it was made. */
export const encountersOf = (type: string): string[] =>
  referencePathsOf(type).flatMap(({ path, targets }) => (WITHIN.test(path) && targets?.includes("Encounter") ? [path] : []));

/** The element that refers to the patient; undefined where R4 has none, or several patients. */
export function patientElementOf(type: string): string | undefined {
  if (!elements.has(type)) elements.set(type, findPatientElement(type));
  return elements.get(type);
}

/** By type; R4 has 148. */
const elements = new Map<string, string | undefined>();

function findPatientElement(type: string): string | undefined {
  const found = elementsOf(type).find(
    ({ name, max, types }) => PATIENT_ELEMENTS.includes(name) && max === undefined && types?.[0] === "Reference",
  );
  const isNamed = found?.targets ? found.targets.includes("Patient") : withinOf(type).length > 0;
  return isNamed ? found?.name : undefined;
}

/** Path of the References to the patients of a resource, without the type; undefined where R4 has none. */
export const patientPathOf = (type: string): string | undefined => OF_SEVERAL[type] ?? patientElementOf(type);
