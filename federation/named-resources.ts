/** By which elements R4's types name what must have the same patient as they: the other way round, who may have named it before it came. */
import { referencePathsOf } from "../fhir/reference-paths.ts";
import { resourceTypes } from "../fhir/search/parameters.ts";
import { slotsAt } from "./act-references.ts";
import { patientPathOf, withinOf } from "./patient-records.ts";

/** A resource of a patient that names another one. */
export interface Naming {
  /** `Type/id` of the other one. */
  place: string;
  /** `Type/id` */
  by: string;
  /** "Patient/…" of who names it. */
  patient: string;
  /** More of them, where it is of several. */
  besides?: string[];
}

/** What is named, and whose it becomes. */
export interface NamedResource {
  /** `Type/id` */
  place: string;
  /** "Patient/…" */
  patient: string;
  /** More of them, where it is of several. */
  besides?: string[];
}

/** A type that may name one of another type. */
export interface NamingType {
  by: string;
  /** Of the References, through arrays, without the type. */
  paths: string[];
  /** In which the reference index has them. */
  slots: number[];
  /** Path of the References to its patients. */
  patient: string;
}

/** Besides what any record is made in, for, or with (`withinOf`): what is one act with it. */
const BESIDES: Readonly<Record<string, readonly string[]>> = {
  Encounter: ["appointment"],
  Claim: ["insurance.coverage", "insurance.claimResponse"],
  ClaimResponse: ["request", "insurance.coverage", "insurance.claimResponse"],
  CoverageEligibilityRequest: ["insurance.coverage"],
  CoverageEligibilityResponse: ["request", "insurance.coverage"],
  EnrollmentRequest: ["coverage"],
  ExplanationOfBenefit: ["claim", "claimResponse", "insurance.coverage"],
  Account: ["coverage.coverage"],
  Specimen: ["request", "parent"],
  DiagnosticReport: ["result", "imagingStudy", "media.link"],
  ServiceRequest: ["replaces"],
  ChargeItem: ["service"],
  MedicationRequest: ["priorPrescription"],
  MedicationDispense: ["authorizingPrescription"],
  MedicationAdministration: ["request"],
  Invoice: ["lineItem.chargeItemReference"],
};

/** What is larger than an act and holds it, pays for it, or was there in its place. */
const BEYOND = /^(?:partOf|account|insurance|replaces|priorRequest)$/;

/** The types whose resources may name one of this type. The same list each time. */
export function namingTypes(type: string): readonly NamingType[] {
  const found = known.get(type) ?? resourceTypes.flatMap((by) => namingType(by, type));
  known.set(type, found);
  return found;
}

/** Made once for each type. */
const known = new Map<string, readonly NamingType[]>();

/** Paths of the References of a type to what has its patient, without the type. */
export function onePatientPathsOf(type: string): readonly string[] {
  const found = ofOnePatient.get(type) ?? [...new Set([...withinOf(type), ...beyondOf(type), ...(BESIDES[type] ?? [])])];
  ofOnePatient.set(type, found);
  return found;
}

/** Made once for each type. */
const ofOnePatient = new Map<string, readonly string[]>();

const beyondOf = (type: string): string[] =>
  referencePathsOf(type).flatMap(({ path, targets }) =>
    BEYOND.test(path) && (targets?.some((it) => patientPathOf(it) !== undefined) ?? true) ? [path] : [],
  );

/** Types that are of a patient, or of several, and that some type names as of its own patient. */
export const isNamedByOthers = (type: string): boolean => patientPathOf(type) !== undefined && namingTypes(type).length > 0;

/** The element that says whose a resource is, of a type that others name as of their own patient. */
export const toldPatientOf = (type: string): string | undefined =>
  isNamedByOthers(type) ? patientPathOf(type)?.split(".", 1)[0] : undefined;

function namingType(by: string, type: string): NamingType[] {
  const patient = patientPathOf(by);
  if (patient === undefined) return [];
  const wanted = new Set(onePatientPathsOf(by));
  const found = referencePathsOf(by).filter(({ path, targets }) => wanted.has(path) && (targets?.includes(type) ?? true));
  const paths = found.map(({ path }) => path);
  return paths.length === 0 ? [] : [{ by, paths, patient, slots: [...new Set(paths.flatMap((path) => slotsAt(by, path)))] }];
}
