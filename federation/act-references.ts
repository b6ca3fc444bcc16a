/**
 * The elements by which the acts of a hospital refer to what they depend on: encounters, appointments, orders, specimens, results, reports,
 * prescriptions, dispenses, deliveries, charges, invoices. The targets must exist when the act is written and cannot be deleted afterwards.
 */

import { type ReferencePath, referencePathsOf } from "../fhir/reference-paths.ts";
import { mayReferTo, otherReferencesSlot, referencesOf, resourceTypes, slotsOf } from "../fhir/search/parameters.ts";
import { encountersOf, patientElementOf } from "./patient-records.ts";

/** One referring element of a type. */
export interface ActReference {
  /** Path of the Reference, through arrays, without the type: `location.location`. */
  path: string;
  /** The target is one of this hospital's own resources: a record of the past from another system does not have it. */
  isOwn?: boolean;
  /** The target usually refers to the act, and seldom the act to the target: an import sends the act first. */
  isSeldom?: boolean;
}

/** By type of act: the elements whose targets must exist when it is written. */
export const ACT_REFERENCES: Readonly<Record<string, readonly ActReference[]>> = {
  Encounter: [...at("subject", "location.location"), { path: "basedOn", isSeldom: true }],
  Appointment: at("participant.actor", "slot", "basedOn"),
  ServiceRequest: at("subject", "encounter", "basedOn", "specimen", "replaces", "locationReference"),
  Specimen: at("subject", "parent", "request"),
  Observation: at("subject", "encounter", "basedOn", "specimen", "hasMember", "derivedFrom"),
  DiagnosticReport: at("subject", "encounter", "basedOn", "specimen", "result"),
  MedicationRequest: at("subject", "encounter", "medicationReference", "priorPrescription", "basedOn"),
  MedicationDispense: at("subject", "context", "medicationReference", "authorizingPrescription", "location", "destination"),
  MedicationAdministration: at("subject", "context", "medicationReference", "request"),
  SupplyDelivery: [...at("patient", "basedOn", "suppliedItem.itemReference"), { path: "destination", isOwn: true }],
  ChargeItem: at("subject", "context", "partOf", "service"),
  Invoice: at("subject", "lineItem.chargeItemReference"),
};

function at(...paths: string[]): ActReference[] {
  return paths.map((path) => ({ path }));
}

/** Types on which acts depend; an act's references to others (a practitioner, an organization) are not checked. */
export const RESTED_ON: ReadonlySet<string> = new Set([
  "Patient",
  "Encounter",
  "Location",
  "Slot",
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

/** Further dependencies: of a place on the place that it is part of, of an account on its subjects. */
const OTHERS: Readonly<Record<string, readonly string[]>> = { Account: ["subject"], Location: ["partOf"], Patient: ["link.other"] };

/**
 * For types that are not acts: the elements by which a resource depends on a patient, an encounter or a place, which cannot be deleted while
 * it exists. Whether they exist when it is written is not checked.
 */
const recordPaths = (type: string): string[] => [patientElementOf(type) ?? [], encountersOf(type), OTHERS[type] ?? []].flat();

/** The slots of the reference index with a reference; for an element without a search parameter, the slot that all such share. */
export function slotsAt(type: string, path: string): number[] {
  const own = slotsOf(type).flatMap(([slot, it]) =>
    it.as === "reference" && "read" in it && it.read.some(([read]) => read === path) ? [slot] : [],
  );
  return own.length > 0 ? own : [otherReferencesSlot(type)];
}

const ofActs = new Map<string, readonly ReferencePath[]>();

/** The elements by which an act may depend on others. */
function pathsOfAct(type: string): readonly ReferencePath[] {
  const known = ofActs.get(type);
  if (known) return known;
  const found = referencePathsOf(type).filter(({ targets }) => targets === undefined || targets.some((it) => RESTED_ON.has(it)));
  ofActs.set(type, found);
  return found;
}

/** The references by which a resource of a type may depend on others; for an act, those of all its elements. */
export const restReferencesOf = (type: string): readonly { path: string }[] =>
  Object.hasOwn(ACT_REFERENCES, type) ? pathsOfAct(type) : recordPaths(type).map((path) => ({ path }));

/** A type whose resources may depend on one of another type. */
export interface ReferringType {
  type: string;
  /** Slots of the reference index. */
  slots: number[];
}

/**
 * How resources may depend on one of the given type, by referring type: slots of the reference index. For acts every element counts, also
 * one that R4 has no search parameter for (`Specimen.request`).
 */
export function restingOn(type: string): readonly ReferringType[] {
  const known = resting.get(type);
  if (known) return known;
  const acts = Object.keys(ACT_REFERENCES).flatMap((by) => {
    if (!pathsOfAct(by).some(({ targets }) => targets?.includes(type))) return [];
    const found = referencesOf(by).filter((it) => mayReferTo(it, type));
    return [{ by, slots: [...found.flatMap(({ slots }) => slots), otherReferencesSlot(by)] }];
  });
  const records = resourceTypes.flatMap((by) => {
    if (Object.hasOwn(ACT_REFERENCES, by)) return [];
    const targetsOf = new Map(referencePathsOf(by).map(({ path, targets }) => [path, targets]));
    const paths = recordPaths(by).filter((path) => targetsOf.get(path)?.includes(type) ?? true);
    return [{ by, slots: paths.flatMap((path) => slotsAt(by, path)) }];
  });
  const found = [...acts, ...records].flatMap(({ by, slots }) => (slots.length > 0 ? [{ type: by, slots: [...new Set(slots)] }] : []));
  resting.set(type, found);
  return found;
}

/** Cached by type: needed for every deletion. */
const resting = new Map<string, readonly ReferringType[]>();
