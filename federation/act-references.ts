/**
 * By what the acts of a hospital refer to what they rest on: encounters, appointments, orders, specimens, results, reports, prescriptions,
 * dispenses, deliveries, charges, invoices. What they refer to must be there when they are written, and is not deleted under them.
 */

import { requireParameter } from "../fhir/search/exact-clauses.ts";
import { mayReferTo } from "../fhir/search/parameters.ts";

/** One element of a type that refers. */
export interface ActReference {
  /** Path of the Reference, through arrays, without the type: `location.location`. */
  path: string;
  /** The search parameter that finds it; absent where R4 has none: who refers so is not found when the other is deleted. */
  parameter?: string;
  /** The types that one without a parameter leads to. */
  to?: readonly string[];
  /** Leads to what is the hospital's own: a record of the past from elsewhere does not have it. */
  isOwn?: boolean;
}

const subject = { path: "subject", parameter: "subject" };
const encounter = { path: "encounter", parameter: "encounter" };
const context = { path: "context", parameter: "context" };
const basedOn = { path: "basedOn", parameter: "based-on" };
const medication = { path: "medicationReference", parameter: "medication" };
const specimen = { path: "specimen", parameter: "specimen" };

/** By type of the act. */
export const ACT_REFERENCES: Readonly<Record<string, readonly ActReference[]>> = {
  Encounter: [subject, { path: "location.location", parameter: "location" }],
  Appointment: [{ path: "participant.actor", parameter: "actor" }],
  ServiceRequest: [subject, encounter, basedOn, specimen, { path: "replaces", parameter: "replaces" }],
  Specimen: [subject, { path: "parent", parameter: "parent" }, { path: "request", to: ["ServiceRequest"] }],
  Observation: [
    subject,
    encounter,
    basedOn,
    specimen,
    { path: "hasMember", parameter: "has-member" },
    { path: "derivedFrom", parameter: "derived-from" },
  ],
  DiagnosticReport: [subject, encounter, basedOn, specimen, { path: "result", parameter: "result" }],
  MedicationRequest: [subject, encounter, medication, { path: "priorPrescription", to: ["MedicationRequest"] }],
  MedicationDispense: [
    subject,
    context,
    medication,
    { path: "authorizingPrescription", parameter: "prescription" },
    { path: "location", to: ["Location"] },
  ],
  MedicationAdministration: [subject, context, medication, { path: "request", parameter: "request" }],
  SupplyDelivery: [
    { path: "patient", parameter: "patient" },
    { path: "basedOn", to: ["SupplyRequest"] },
    { path: "suppliedItem.itemReference", to: ["Medication"] },
    { path: "destination", to: ["Location"], isOwn: true },
  ],
  ChargeItem: [subject, context],
  Invoice: [subject, { path: "lineItem.chargeItemReference", to: ["ChargeItem"] }],
};

/** Types that acts rest on; other references of theirs (a practitioner, an organization) may lead anywhere. */
export const RESTED_ON: ReadonlySet<string> = new Set([
  "Patient",
  "Encounter",
  "Location",
  "ServiceRequest",
  "Specimen",
  "Observation",
  "DiagnosticReport",
  "Medication",
  "MedicationRequest",
  "MedicationDispense",
  "SupplyRequest",
  "ChargeItem",
]);

/** What rests on a patient, an encounter or a place besides acts: these are not deleted under it. That they are there is not asked. */
const patient = { path: "patient", parameter: "patient" };
const RECORDS: Readonly<Record<string, readonly ActReference[]>> = {
  AllergyIntolerance: [patient],
  CarePlan: [subject, encounter],
  ClinicalImpression: [subject, encounter],
  Condition: [subject, encounter],
  Consent: [patient],
  Coverage: [{ path: "beneficiary", parameter: "beneficiary" }],
  DocumentReference: [subject, { path: "context.encounter", parameter: "encounter" }],
  EpisodeOfCare: [patient],
  FamilyMemberHistory: [patient],
  Immunization: [patient],
  Location: [{ path: "partOf", parameter: "partof" }],
  MedicationStatement: [subject, context],
  Patient: [{ path: "link.other", parameter: "link" }],
  Procedure: [subject, encounter],
  Task: [{ path: "for", parameter: "subject" }, encounter],
};

/** The references by which a resource of a type may rest on others. */
export const restReferencesOf = (type: string): readonly ActReference[] => ACT_REFERENCES[type] ?? RECORDS[type] ?? [];

/** By what resources of a type may rest on one of another type, as a search parameter finds it; by type of what refers. */
export function restingOn(type: string): { by: string; slots: number[] }[] {
  const known = resting.get(type);
  if (known) return known;
  const all = [...Object.entries(ACT_REFERENCES), ...Object.entries(RECORDS)];
  const found = all.flatMap(([by, references]) => {
    const parameters = references.flatMap(({ parameter }) => (parameter === undefined ? [] : [requireParameter(by, parameter)]));
    const slots = parameters.filter((it) => mayReferTo(it, type)).flatMap((it) => it.slots);
    return slots.length > 0 ? [{ by, slots: [...new Set(slots)] }] : [];
  });
  resting.set(type, found);
  return found;
}

/** `Type.path` of references to a type that no search parameter finds. */
export const notFoundBySearch = (type: string): string[] =>
  Object.entries(ACT_REFERENCES).flatMap(([by, references]) =>
    references.flatMap(({ path, to }) => (to?.includes(type) ? [`${by}.${path}`] : [])),
  );

/** Made once for each type: a deletion asks for it. */
const resting = new Map<string, { by: string; slots: number[] }[]>();
