import type { Clause } from "../../../../fhir/search/query.ts";
import { slotsOfParameters } from "../../../../fhir/search/exact-clauses.ts";

/**
 * Search parameters with the time at which care was given, ordered or planned. Types that are not listed describe a person or a thing (Patient,
 * Coverage, Group), apply to all care (AllergyIntolerance, FamilyMemberHistory), or only have the date of their own creation (Consent,
 * AuditEvent, Claim).
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

/** Types whose care lasts from one date to another; without the second it is ongoing. */
const CARE_SPANS: Record<string, readonly [from: string, until: string]> = {
  Condition: ["onset-date", "abatement-date"],
  Goal: ["start-date", "target-date"],
};

/** A time range, milliseconds since 1970, both ends included; an open end is ±Infinity. */
export interface CareTime {
  start: number;
  end: number;
}

/** Clauses for records of the type whose care overlaps the range. Records without a care date match, as they may be of any time. */
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
