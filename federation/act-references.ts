/**
 * By what the acts of a hospital refer to what they rest on: encounters, appointments, orders, specimens, results, reports, prescriptions,
 * dispenses, deliveries, charges, invoices. What they refer to must be there when they are written, and is not deleted under them.
 */

/** One element of a type that refers. */
export interface ActReference {
  /** Path of the Reference, through arrays, without the type: `location.location`. */
  path: string;
  /** The search parameter that finds it; absent where R4 has none. */
  parameter?: string;
}

const subject = { path: "subject", parameter: "subject" };
const encounter = { path: "encounter", parameter: "encounter" };
const context = { path: "context", parameter: "context" };
const basedOn = { path: "basedOn", parameter: "based-on" };
const specimen = { path: "specimen", parameter: "specimen" };

/** By type of the act. */
export const ACT_REFERENCES: Readonly<Record<string, readonly ActReference[]>> = {
  Encounter: [subject, { path: "location.location", parameter: "location" }],
  Appointment: [{ path: "participant.actor", parameter: "actor" }],
  ServiceRequest: [subject, encounter, basedOn, specimen, { path: "replaces", parameter: "replaces" }],
  Specimen: [subject, { path: "parent", parameter: "parent" }, { path: "request" }],
  Observation: [subject, encounter, basedOn, specimen, { path: "hasMember", parameter: "has-member" }],
  DiagnosticReport: [subject, encounter, basedOn, specimen, { path: "result", parameter: "result" }],
  MedicationRequest: [subject, encounter, { path: "medicationReference", parameter: "medication" }, { path: "priorPrescription" }],
  MedicationDispense: [subject, context, { path: "authorizingPrescription", parameter: "prescription" }],
  MedicationAdministration: [subject, context, { path: "request", parameter: "request" }],
  SupplyDelivery: [{ path: "patient", parameter: "patient" }, { path: "basedOn" }],
  ChargeItem: [subject, context],
  Invoice: [subject, { path: "lineItem.chargeItemReference" }],
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
