/** What holds for every type of a patient's record, by R4's own definitions: one patient for good, in none but that patient's encounters. */
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import { referencePathsOf } from "../../../fhir/reference-paths.ts";
import { elementsOf } from "../../../fhir/validate/definition.ts";
import { subjectStays } from "./common.ts";
import type { Rule, RulesOf } from "./rule.ts";
import { sameSubject } from "./same-subject.ts";

/** By which a type names its one patient. */
const PATIENT_ELEMENTS = ["patient", "subject", "for", "beneficiary", "individual", "candidate"];
/** By which it names what it was done in, for, or with, which has a patient too; others (a reason, a focus) may be another's: a mother's, a donor's. */
const WITHIN = /(?:^|\.)(?:encounter|context|episodeOfCare|basedOn|specimen|hasMember|derivedFrom)$/;
const OF_A_PATIENT = ["Encounter", "EpisodeOfCare", "ServiceRequest", "MedicationRequest", "Specimen", "Observation"];

const withinOf = (type: string): string[] =>
  referencePathsOf(type).flatMap(({ path, targets }) =>
    WITHIN.test(path) && (targets?.some((it) => OF_A_PATIENT.includes(it)) ?? true) ? [path] : [],
  );

/** The element that names the patient; undefined where R4 has none, or several patients. */
function patientElementOf(type: string, paths: string[]): string | undefined {
  const found = elementsOf(type).find(
    ({ name, max, types }) => PATIENT_ELEMENTS.includes(name) && max === undefined && types?.[0] === "Reference",
  );
  const isNamed = found?.targets ? found.targets.includes("Patient") : paths.length > 0;
  return isNamed ? found?.name : undefined;
}

/** The rules of one type; none for a type that is not of a patient's record. */
export function patientRecordRules(type: FhirResource["resourceType"]): Rule<never>[] {
  const paths = withinOf(type);
  const element = patientElementOf(type, paths);
  if (element === undefined) return [];
  const of = (resource: FhirResource) => (resource as unknown as Record<string, Reference | undefined>)[element];
  return [subjectStays(type, element, of), ...(paths.length > 0 ? [sameSubject(type, of, paths)] : [])] as Rule<never>[];
}

/** The rules of several types, by type. */
export function patientRecords(types: readonly FhirResource["resourceType"][]): RulesOf {
  const all = types.map((type) => [type, patientRecordRules(type)] as const);
  return Object.fromEntries(all.filter(([, rules]) => rules.length > 0)) as RulesOf;
}
