/**
 * By what the acts of a hospital refer to what they rest on: encounters, appointments, orders, specimens, results, reports, prescriptions,
 * dispenses, deliveries, charges, invoices. What they refer to must be there when they are written, and is not deleted under them.
 */

import { type ReferencePath, referencePathsOf } from "../fhir/reference-paths.ts";
import { mayReferTo, otherReferencesSlot, referencesOf, resourceTypes, slotsOf } from "../fhir/search/parameters.ts";
import { encountersOf, patientElementOf } from "./patient-records.ts";

/** One element of a type that refers. */
export interface ActReference {
  /** Path of the Reference, through arrays, without the type: `location.location`. */
  path: string;
  /** Leads to what is the hospital's own: a record of the past from elsewhere does not have it. */
  isOwn?: boolean;
}

/** By type of the act: what must be there when it is written. */
export const ACT_REFERENCES: Readonly<Record<string, readonly ActReference[]>> = {
  Encounter: at("subject", "location.location"),
  Appointment: at("participant.actor"),
  ServiceRequest: at("subject", "encounter", "basedOn", "specimen", "replaces"),
  Specimen: at("subject", "parent", "request"),
  Observation: at("subject", "encounter", "basedOn", "specimen", "hasMember", "derivedFrom"),
  DiagnosticReport: at("subject", "encounter", "basedOn", "specimen", "result"),
  MedicationRequest: at("subject", "encounter", "medicationReference", "priorPrescription"),
  MedicationDispense: at("subject", "context", "medicationReference", "authorizingPrescription", "location"),
  MedicationAdministration: at("subject", "context", "medicationReference", "request"),
  SupplyDelivery: [...at("patient", "basedOn", "suppliedItem.itemReference"), { path: "destination", isOwn: true }],
  ChargeItem: at("subject", "context"),
  Invoice: at("subject", "lineItem.chargeItemReference"),
};

function at(...paths: string[]): ActReference[] {
  return paths.map((path) => ({ path }));
}

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

/** What rests on others besides: a place on that which it is a part of, an account on those for whom it is. */
const OTHERS: Readonly<Record<string, readonly string[]>> = { Account: ["subject"], Location: ["partOf"], Patient: ["link.other"] };

/**
 * Of what is no act, the references by which it rests on a patient, an encounter or a place: these are not deleted under it. That they are
 * there is not asked.
 */
const recordPaths = (type: string): string[] => [patientElementOf(type) ?? [], encountersOf(type), OTHERS[type] ?? []].flat();

/** The slots in which a reference is found; of one that no search parameter looks at, that of all such. */
export function slotsAt(type: string, path: string): number[] {
  const own = slotsOf(type).flatMap(([slot, it]) =>
    it.as === "reference" && "read" in it && it.read.some(([read]) => read === path) ? [slot] : [],
  );
  return own.length > 0 ? own : [otherReferencesSlot(type)];
}

const ofActs = new Map<string, readonly ReferencePath[]>();

/** By which elements an act may rest on others. */
function pathsOfAct(type: string): readonly ReferencePath[] {
  const known = ofActs.get(type);
  if (known) return known;
  const found = referencePathsOf(type).filter(({ targets }) => targets === undefined || targets.some((it) => RESTED_ON.has(it)));
  ofActs.set(type, found);
  return found;
}

/** The references by which a resource of a type may rest on others: of an act, whichever element of it refers. */
export const restReferencesOf = (type: string): readonly { path: string }[] =>
  Object.hasOwn(ACT_REFERENCES, type) ? pathsOfAct(type) : recordPaths(type).map((path) => ({ path }));

/**
 * By what resources of a type may rest on one of another type, by type of what refers: slots of the reference index. Of an act each
 * element counts, also one that no search parameter of R4 finds (`Specimen.request`).
 */
export function restingOn(type: string): { by: string; slots: number[] }[] {
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
  const found = [...acts, ...records].flatMap(({ by, slots }) => (slots.length > 0 ? [{ by, slots: [...new Set(slots)] }] : []));
  resting.set(type, found);
  return found;
}

/** Made once for each type: a deletion asks for it. */
const resting = new Map<string, { by: string; slots: number[] }[]>();
