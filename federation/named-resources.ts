/** Elements by which R4's types refer to resources that must have the same patient, and in the other direction, which types may refer to one. */
import { referencePathsOf } from "../fhir/reference-paths.ts";
import { resourceTypes } from "../fhir/search/parameters.ts";
import { slotsAt } from "./act-references.ts";
import { patientPathOf, withinOf } from "./patient-records.ts";

/** A resource of a patient that refers to another one. */
export interface Naming {
  /** `Type/id` of the target. */
  place: string;
  /** `Type/id` */
  by: string;
  /** "Patient/…" of the referring resource. */
  patient: string;
  /** Further patients, if it has several. */
  besides?: string[];
}

/** A resource that is referred to, and its patient after the write. */
export interface NamedResource {
  /** `Type/id` */
  place: string;
  /** "Patient/…" */
  patient: string;
  /** Further patients, if it has several. */
  besides?: string[];
}

/** A type whose resources may refer to one of another type. */
export interface NamingType {
  type: string;
  /** Paths of the References, through arrays, without the type. */
  paths: string[];
  /** Slots of these in the reference index. */
  slots: number[];
  /** Path of the References to its patients. */
  patient: string;
}

/** What a claim is for. */
const CLAIMED = ["prescription", "originalPrescription", "referral", "diagnosis.diagnosisReference", "procedure.procedureReference"];

/** Further elements, besides what a record is made in, for, or with (`withinOf`): resources of the same act. */
const BESIDES: Readonly<Record<string, readonly string[]>> = {
  Encounter: ["appointment", "diagnosis.condition"],
  EpisodeOfCare: ["diagnosis.condition", "referralRequest"],
  CarePlan: ["goal", "activity.reference", "activity.outcomeReference", "activity.detail.goal"],
  Goal: ["outcomeReference"],
  AdverseEvent: ["resultingCondition", "subjectMedicalHistory"],
  Condition: ["stage.assessment"],
  ClinicalImpression: ["previous", "problem", "investigation.item", "finding.itemReference", "prognosisReference"],
  RiskAssessment: ["condition"],
  Procedure: ["report", "complicationDetail"],
  NutritionOrder: ["allergyIntolerance"],
  Immunization: ["reaction.detail"],
  ImmunizationEvaluation: ["immunizationEvent"],
  ImmunizationRecommendation: ["recommendation.supportingImmunization"],
  GuidanceResponse: ["result"],
  ImagingStudy: ["procedureReference"],
  ResearchSubject: ["consent"],
  Task: ["focus"],
  Claim: [...CLAIMED, "insurance.coverage", "insurance.claimResponse"],
  ClaimResponse: ["request", "insurance.coverage", "insurance.claimResponse", "communicationRequest"],
  CoverageEligibilityRequest: ["insurance.coverage", "item.diagnosis.diagnosisReference"],
  CoverageEligibilityResponse: ["request", "insurance.coverage"],
  EnrollmentRequest: ["coverage"],
  ExplanationOfBenefit: [...CLAIMED, "claim", "claimResponse", "insurance.coverage"],
  Account: ["coverage.coverage"],
  Specimen: ["request", "parent"],
  DiagnosticReport: ["result", "imagingStudy", "media.link"],
  ServiceRequest: ["replaces"],
  ChargeItem: ["service"],
  MedicationRequest: ["priorPrescription", "detectedIssue"],
  MedicationDispense: ["authorizingPrescription", "detectedIssue", "statusReasonReference"],
  MedicationAdministration: ["request"],
  Invoice: ["lineItem.chargeItemReference"],
};

/** Elements that name who speaks for the patient: a Patient is the patient; others speak as a RelatedPerson of the patient, or as staff. */
const SPEAKING: Readonly<Record<string, readonly string[]>> = {
  AllergyIntolerance: ["asserter"],
  Condition: ["asserter"],
  Procedure: ["asserter"],
  Goal: ["expressedBy"],
  MedicationStatement: ["informationSource"],
  MedicationRequest: ["reportedReference"],
  DeviceUseStatement: ["source"],
  QuestionnaireResponse: ["source"],
  DocumentReference: ["context.sourcePatientInfo"],
};

/** Whether an element names who speaks for the patient; of these only patients and related persons are compared. */
export const isSpeaking = (type: string, path: string): boolean => SPEAKING[type]?.includes(path) ?? false;

/** Elements whose targets contain the act, pay for it, or are replaced by it. */
const BEYOND = /^(?:partOf|account|insurance|replaces|priorRequest)$/;

/** The types whose resources may refer to one of this type. Returns the same array each time. */
export function namingTypes(type: string): readonly NamingType[] {
  const found = known.get(type) ?? resourceTypes.flatMap((by) => namingType(by, type));
  known.set(type, found);
  return found;
}

/** Cached by type. */
const known = new Map<string, readonly NamingType[]>();

/** Paths of a type's References to resources that must have the same patient, without the type. */
export function onePatientPathsOf(type: string): readonly string[] {
  const found = ofOnePatient.get(type) ?? [
    ...new Set([...withinOf(type), ...beyondOf(type), ...(BESIDES[type] ?? []), ...(SPEAKING[type] ?? [])]),
  ];
  ofOnePatient.set(type, found);
  return found;
}

/** Cached by type. */
const ofOnePatient = new Map<string, readonly string[]>();

const beyondOf = (type: string): string[] =>
  referencePathsOf(type).flatMap(({ path, targets }) =>
    BEYOND.test(path) && (targets?.some((it) => patientPathOf(it) !== undefined) ?? true) ? [path] : [],
  );

/** Whether the type has one or several patients, and resources of the same patient may refer to it. */
export const isNamedByOthers = (type: string): boolean => patientPathOf(type) !== undefined && namingTypes(type).length > 0;

/** The patient element of a type to which resources of the same patient may refer. */
export const factPatientOf = (type: string): string | undefined =>
  isNamedByOthers(type) ? patientPathOf(type)?.split(".", 1)[0] : undefined;

function namingType(by: string, type: string): NamingType[] {
  const patient = patientPathOf(by);
  if (patient === undefined) return [];
  const wanted = new Set(onePatientPathsOf(by));
  const found = referencePathsOf(by).filter(({ path, targets }) => wanted.has(path) && (targets?.includes(type) ?? true));
  const paths = found.map(({ path }) => path);
  return paths.length === 0 ? [] : [{ type: by, paths, patient, slots: [...new Set(paths.flatMap((path) => slotsAt(by, path)))] }];
}
