/** By which elements R4's types name what must have the same patient as they: the other way round, who may have named it before it came. */
import { referencePathsOf } from "../fhir/reference-paths.ts";
import { resourceTypes } from "../fhir/search/parameters.ts";
import { slotsAt } from "./act-references.ts";
import { patientElementOf, withinOf } from "./patient-records.ts";

/** A resource of one patient that names another one. */
export interface Naming {
  /** `Type/id` of the other one. */
  place: string;
  /** `Type/id` */
  by: string;
  /** "Patient/…" of who names it. */
  patient: string;
}

/** What is named, and whose it becomes. */
export interface NamedResource {
  /** `Type/id` */
  place: string;
  /** "Patient/…" */
  patient: string;
}

/** A type that may name one of another type. */
export interface NamingType {
  by: string;
  /** Of the References, through arrays, without the type. */
  paths: string[];
  /** In which the reference index has them. */
  slots: number[];
  /** The element that names its patient. */
  patient: string;
}

/** Besides what any record is made in, for, or with (`withinOf`): what is one act with it. */
const BESIDES: Readonly<Record<string, readonly string[]>> = {
  Specimen: ["request", "parent"],
  DiagnosticReport: ["result", "imagingStudy", "media.link"],
  ServiceRequest: ["replaces"],
  ChargeItem: ["service"],
  MedicationRequest: ["priorPrescription"],
  MedicationDispense: ["authorizingPrescription"],
  MedicationAdministration: ["request"],
  Invoice: ["lineItem.chargeItemReference"],
};

/** Types that others name as of their own patient. */
export const NAMED_TYPES = [
  "Encounter",
  "EpisodeOfCare",
  "ServiceRequest",
  "Specimen",
  "Observation",
  "MedicationRequest",
  "ChargeItem",
  "CarePlan",
  "Procedure",
  "ImagingStudy",
  "Media",
  "QuestionnaireResponse",
  "NutritionOrder",
] as const;

/** The types whose resources may name one of this type. The same list each time. */
export function namingTypes(type: string): readonly NamingType[] {
  const found = known.get(type) ?? resourceTypes.flatMap((by) => namingType(by, type));
  known.set(type, found);
  return found;
}

/** Made once for each type. */
const known = new Map<string, readonly NamingType[]>();

/** Paths of the References of a type to what has its patient, without the type. */
export const onePatientPathsOf = (type: string): string[] => [...withinOf(type), ...(BESIDES[type] ?? [])];

/** Types of a patient's record that some type names as of its own patient. */
function namedTypes(): ReadonlySet<string> {
  const naming = resourceTypes.filter((by) => patientElementOf(by) !== undefined);
  const named = naming.flatMap((by) => {
    const paths = new Set(onePatientPathsOf(by));
    return referencePathsOf(by).flatMap(({ path, targets = [] }) => (paths.has(path) ? targets : []));
  });
  return new Set(named.filter((type) => patientElementOf(type) !== undefined));
}

/** Made when it is first asked for. */
let ofOnePatient: ReadonlySet<string> | undefined;

/** The element that says whose a resource is, of a type that others name as of their own patient. */
export function toldPatientOf(type: string): string | undefined {
  ofOnePatient ??= namedTypes();
  return ofOnePatient.has(type) ? patientElementOf(type) : undefined;
}

function namingType(by: string, type: string): NamingType[] {
  const patient = patientElementOf(by);
  if (patient === undefined) return [];
  const wanted = new Set(onePatientPathsOf(by));
  const found = referencePathsOf(by).filter(({ path, targets }) => wanted.has(path) && (targets?.includes(type) ?? true));
  const paths = found.map(({ path }) => path);
  return paths.length === 0 ? [] : [{ by, paths, patient, slots: [...new Set(paths.flatMap((path) => slotsAt(by, path)))] }];
}
