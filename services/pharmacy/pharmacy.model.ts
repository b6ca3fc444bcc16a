import { numberOf } from "../../fhir/json.ts";
import type {
  CodeableConcept,
  DetectedIssue,
  Dosage,
  Medication,
  MedicationDispense,
  MedicationRequest,
  Quantity,
  SupplyDelivery,
} from "../../fhir/r4.ts";
import { counted } from "../../store/counted.ts";
import type { Code, Prescription, Where } from "./pharmacy.contract.ts";
import { unitOf } from "./unit.model.ts";
import { dispenseNotCompleted, moreThanPrescribed, prescriptionNotActive } from "./pharmacy.errors.ts";

// The rules of stock and prescriptions: plain data in, plain data out. No broker, no database, no clock.

/** Begins the names of counters of stock. */
export const STOCK = "stock/";
/** Begins the names of counters of what was dispensed by prescriptions. */
export const DISPENSED = "dispensed/";

/** Of a MedicationDispense that names its medication by a code: the lot that it is to be taken of. */
export const LOT = "urn:openward:lot";

/** Whether a prescription is one that is dispensed by; others (a proposal, a plan) are none. */
export const isOrder = ({ intent }: Pick<MedicationRequest, "intent">): boolean => /order$/.test(intent);

/** Units that may be dispensed in all; undefined when the prescription does not say. */
export const prescribedBy = ({ dispenseRequest }: MedicationRequest): number | undefined => numberOf(dispenseRequest?.quantity?.value);

/** Units of one dispense or delivery: no pharmacy hands out more, and sums of thousands are exact to the sixth decimal. */
const MAX_UNITS = 1e9;

/** Whether so much can be handed out or arrive. */
export const isPossible = (units: number): boolean => units >= 0 && units <= MAX_UNITS;

/** Units that shelf and prescription are counted by: what cannot be counts as nothing. */
export function unitsOf(quantity: Quantity | undefined): number {
  const units = numberOf(quantity?.value) ?? 0;
  return isPossible(units) ? counted(units) : 0;
}

/** The counter that holds how many units of a medication are on the shelf. */
export const stockCounter = ({ system, code }: Code): string => `${STOCK}${system}|${code}`;

/** The medication whose stock a counter holds. */
export function codeOfCounter(counter: string): Code {
  const text = counter.slice(STOCK.length);
  const bar = text.lastIndexOf("|");
  return { system: text.slice(0, bar), code: text.slice(bar + 1) };
}

/** Counts down from zero what was dispensed of a prescription, so that its quantity is a lower bound. */
export const dispensedCounter = (id: string): string => DISPENSED + id;

/** The SupplyDelivery of what has arrived. */
export function deliveryOf(
  id: string,
  { medication, quantity, unit, lot, expires, place }: Where & { medication: Code; quantity: number; unit?: string; expires?: string },
  now: Date,
): SupplyDelivery & { id: string } {
  const batch = lot === undefined ? undefined : lotMedication(medication, { lot, ...(expires !== undefined && { expires }) });
  const item = batch ? { itemReference: { reference: `#${batch.id}` } } : { itemCodeableConcept: { coding: [medication] } };
  return {
    resourceType: "SupplyDelivery",
    id,
    status: "completed",
    ...(batch && { contained: [batch] }),
    type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication", display: "Medication" }] },
    suppliedItem: { quantity: { value: quantity, ...(unit !== undefined && { unit }) }, ...item },
    occurrenceDateTime: now.toISOString(),
    ...(place !== undefined && { destination: { reference: place } }),
    ...(lot !== undefined && { identifier: [{ type: { text: "lot" }, value: lot }] }),
  };
}

/** The Medication of one lot, to be contained. */
const lotMedication = (medication: Code, { lot, expires }: { lot: string; expires?: string }): Medication & { id: string } => ({
  resourceType: "Medication",
  id: "lot",
  code: { coding: [medication] },
  batch: { lotNumber: lot, ...(expires !== undefined && { expirationDate: expires }) },
});

/** The MedicationRequest of what is prescribed now. */
export function newPrescription(
  id: string,
  {
    patient,
    encounter,
    medication,
    quantity,
    dosage,
    continues,
    override,
  }: { patient: string; encounter?: string; medication: Code; quantity: number; dosage: Dosage; continues?: string; override?: string },
  now: Date,
): MedicationRequest & { id: string } {
  return {
    resourceType: "MedicationRequest",
    id,
    status: "active",
    intent: "order",
    medicationCodeableConcept: { coding: [medication] },
    subject: { reference: patient },
    ...(encounter !== undefined && { encounter: { reference: encounter } }),
    ...(continues !== undefined && { supportingInformation: [{ reference: continues }] }),
    authoredOn: now.toISOString(),
    dosageInstruction: [dosage],
    dispenseRequest: { quantity: { value: quantity } },
    ...(override !== undefined && overridden(override, now)),
  };
}

/** An allergy was seen, and this is why it is prescribed all the same. */
function overridden(reason: string, now: Date): Pick<MedicationRequest, "contained" | "detectedIssue"> {
  const mitigation = [{ action: { text: reason }, date: now.toISOString() }];
  const issue: DetectedIssue = { resourceType: "DetectedIssue", id: "override", status: "final", severity: "high", mitigation };
  return {
    contained: [issue],
    detectedIssue: [{ reference: "#override" }],
  };
}

/** The codes of a medication, e.g. a local and a national one; none for what is named in words only. */
export const codesOf = (concept: CodeableConcept | undefined): Code[] =>
  (concept?.coding ?? []).flatMap(({ system = "", code, display }) =>
    code === undefined ? [] : [{ system, code, ...(display !== undefined && { display }) }],
  );

/** The code of what is prescribed or dispensed; undefined for one that has no code. */
export const medicationOf = ({ medicationCodeableConcept }: Pick<MedicationRequest, "medicationCodeableConcept">): Code | undefined =>
  codesOf(medicationCodeableConcept)[0];

/** A prescription as its callers see it. */
export function prescriptionOf(request: MedicationRequest, version: number): Prescription {
  return {
    prescription: `MedicationRequest/${request.id}`,
    version,
    patient: request.subject.reference ?? "",
    medication: medicationOf(request) ?? { system: "", code: "" },
    quantity: prescribedBy(request) ?? 0,
    prescribedAt: request.authoredOn ?? "",
  };
}

/** Handing out `quantity`, on record; shelf and prescription follow (`pharmacy.effects.ts`). @throws 409 PRESCRIPTION_NOT_ACTIVE, MORE_THAN_PRESCRIBED */
export function newDispense(
  request: MedicationRequest & { id: string },
  { id, quantity, lot, place }: Where & { id: string; quantity: number },
  now: Date,
): MedicationDispense & { id: string } {
  if (request.status === "completed") throw moreThanPrescribed(`MedicationRequest/${request.id}`);
  if (request.status !== "active" || !medicationOf(request) || prescribedBy(request) === undefined) {
    throw prescriptionNotActive(`MedicationRequest/${request.id}`);
  }
  return {
    resourceType: "MedicationDispense",
    id,
    status: "completed",
    ...(request.medicationCodeableConcept && { medicationCodeableConcept: request.medicationCodeableConcept }),
    subject: request.subject,
    ...(request.encounter && { context: request.encounter }),
    authorizingPrescription: [{ reference: `MedicationRequest/${request.id}` }],
    quantity: { value: quantity, ...unitOf(request.dispenseRequest?.quantity) },
    whenHandedOver: now.toISOString(),
    ...(place !== undefined && { location: { reference: place } }),
    ...(lot !== undefined && { extension: [{ url: LOT, valueString: lot }] }),
  };
}

/** A dispense that was never handed out; shelf, prescription and charge follow. @throws 409 DISPENSE_NOT_COMPLETED */
export function voidDispense<Of extends MedicationDispense>(dispense: Of, reason: string): Of {
  if (dispense.status !== "completed") throw dispenseNotCompleted(`MedicationDispense/${dispense.id}`);
  return { ...dispense, status: "entered-in-error", statusReasonCodeableConcept: { text: reason } };
}
