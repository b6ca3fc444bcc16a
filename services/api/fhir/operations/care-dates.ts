import type { Clause } from "../../../../fhir/search/query.ts";
import { slotsOfParameters } from "../../../../fhir/search/exact-clauses.ts";

/**
 * Search parameters that say when care was given, ordered or planned. A type that is not named has none: it describes
 * a person or a thing (Patient, Coverage, Group), holds for all care (AllergyIntolerance, FamilyMemberHistory), or has only the
 * date of its own making (Consent, AuditEvent, Claim).
 */
const CARE_DATES: Record<string, readonly string[]> = {
  Account: ["period"],
  AdverseEvent: ["date"],
  Appointment: ["date"],
  CarePlan: ["date"],
  CareTeam: ["date"],
  ChargeItem: ["occurrence"],
  ClinicalImpression: ["date"],
  Communication: ["sent", "received"],
  CommunicationRequest: ["occurrence", "authored"],
  Composition: ["period", "date"],
  DetectedIssue: ["identified"],
  DeviceRequest: ["event-date", "authored-on"],
  DiagnosticReport: ["date"],
  DocumentReference: ["period"],
  Encounter: ["date"],
  EpisodeOfCare: ["date"],
  Flag: ["date"],
  ImagingStudy: ["started"],
  Immunization: ["date"],
  ImmunizationEvaluation: ["date"],
  ImmunizationRecommendation: ["date"],
  MeasureReport: ["period"],
  Media: ["created"],
  MedicationAdministration: ["effective-time"],
  MedicationDispense: ["whenprepared", "whenhandedover"],
  MedicationRequest: ["authoredon", "date"],
  MedicationStatement: ["effective"],
  NutritionOrder: ["datetime"],
  Observation: ["date"],
  Procedure: ["date"],
  QuestionnaireResponse: ["authored"],
  RequestGroup: ["authored"],
  ResearchSubject: ["date"],
  RiskAssessment: ["date"],
  Schedule: ["date"],
  ServiceRequest: ["occurrence", "authored"],
  Specimen: ["collected"],
  SupplyRequest: ["date"],
  VisionPrescription: ["datewritten"],
};

/** Types whose care lasts from one date to another; without the second it goes on. */
const CARE_SPANS: Record<string, readonly [from: string, until: string]> = {
  Condition: ["onset-date", "abatement-date"],
  Goal: ["start-date", "target-date"],
};

/** A time, milliseconds since 1970, both ends included; an open end is ±Infinity. */
export interface CareTime {
  start: number;
  end: number;
}

/** What a record of the type fulfils if its care touches that time. One that bears no care date stays in: nothing says that it is of another time. */
export function careWithin(type: string, { start, end }: CareTime): Clause[] {
  const begun = end < Number.POSITIVE_INFINITY ? { lowLe: end } : undefined;
  const lasted = start > Number.NEGATIVE_INFINITY ? { highGe: start } : undefined;
  const span = CARE_SPANS[type];
  if (span) {
    const [from, until] = span;
    return [...(begun ? [unlessAbsent(type, [from], begun)] : []), ...(lasted ? [unlessAbsent(type, [until], lasted)] : [])];
  }
  const codes = CARE_DATES[type];
  return codes && (begun || lasted) ? [unlessAbsent(type, codes, { ...begun, ...lasted })] : [];
}

function unlessAbsent(type: string, codes: readonly string[], match: { lowLe?: number; highGe?: number }): Clause {
  const slots = slotsOfParameters(type, codes);
  return { kind: "any", of: [[{ kind: "range", slots, any: [match] }], [{ kind: "missing", slots, missing: true }]] };
}
