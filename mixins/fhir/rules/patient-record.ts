/** Rules of every type of the patient record, derived from R4's definitions: the patient cannot change, and encounters are the same patient's. */
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import { isNamedByOthers, onePatientPathsOf } from "../../../federation/named-resources.ts";
import { patientElementOf } from "../../../federation/patient-records.ts";
import { subjectStays } from "./common.ts";
import type { Rule, RulesOf } from "./rule.ts";
import { namedBefore } from "./named-before.ts";
import { sameSubject } from "./same-subject.ts";

/** The rules of one type; none for a type that is not part of the patient record. */
export function patientRecordRules(type: FhirResource["resourceType"]): Rule<never>[] {
  const element = patientElementOf(type);
  if (element === undefined) return [];
  const of = (resource: FhirResource) => (resource as unknown as Record<string, Reference | undefined>)[element]; // by name
  return [subjectStays(type, element, of), ...onePatient(type)] as Rule<never>[];
}

/** The rules of several types, by type. */
export function patientRecords(types: readonly FhirResource["resourceType"][]): RulesOf {
  const all = types.map((type) => [type, patientRecordRules(type)] as const);
  return Object.fromEntries(all.filter(([, rules]) => rules.length > 0)) as RulesOf;
}

/** The rules of one type by which an act has one patient, in whichever order its resources are written. */
export const onePatient = <Of extends FhirResource>(type: Of["resourceType"]): Rule<Of>[] => [
  ...(onePatientPathsOf(type).length > 0 ? [sameSubject<Of>(type)] : []),
  ...(isNamedByOthers(type) ? [namedBefore<Of>(type)] : []),
];
