import { numberOf } from "../../fhir/json.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import type { Code, Prescription } from "./pharmacy.contract.ts";
import { prescriptionNotActive } from "./pharmacy.errors.ts";

// The rules of stock and prescriptions: plain data in, plain data out. No broker, no database, no clock.

/** As much of a FHIR MedicationRequest as this service works with. */
export interface MedicationRequest {
  resourceType: "MedicationRequest";
  id: string;
  meta?: { versionId?: string };
  status: string;
  intent: string;
  medicationCodeableConcept?: { coding?: Code[] };
  subject: { reference: string };
  encounter?: { reference: string };
  authoredOn?: string;
  /** The value is a number or, as the client wrote it, a raw one: `prescribedBy` reads both. */
  dispenseRequest?: { quantity?: { value?: unknown } };
  [more: string]: unknown;
}

const STOCK = "stock/";

/** Units that may be dispensed in all; undefined when the prescription does not say. */
const prescribedBy = ({ dispenseRequest }: MedicationRequest): number | undefined => numberOf(dispenseRequest?.quantity?.value);

/** The counter that holds how many units of a medication are on the shelf. */
export const stockCounter = ({ system, code }: Code): string => `${STOCK}${system}|${code}`;

export function codeOfCounter(counter: string): Code {
  const text = counter.slice(STOCK.length);
  const bar = text.lastIndexOf("|");
  return { system: text.slice(0, bar), code: text.slice(bar + 1) };
}

/** Counters of stock; with a code (`system|code`) the one of that medication. */
export const stockPrefix = (code = ""): string => STOCK + code;

/** Counts down from zero what was dispensed of a prescription, so that its quantity is a lower bound. */
const dispensedCounter = (id: string): string => `dispensed/${id}`;

export function deliveryOf(id: string, { medication, quantity, lot }: { medication: Code; quantity: number; lot?: string }, now: Date) {
  return {
    resourceType: "SupplyDelivery",
    id,
    status: "completed",
    type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication", display: "Medication" }] },
    suppliedItem: { quantity: { value: quantity }, itemCodeableConcept: { coding: [medication] } },
    occurrenceDateTime: now.toISOString(),
    ...(lot !== undefined && { identifier: [{ type: { text: "lot" }, value: lot }] }),
  };
}

export function newPrescription(
  id: string,
  {
    patient,
    encounter,
    medication,
    quantity,
    dosage,
  }: { patient: string; encounter?: string; medication: Code; quantity: number; dosage: string },
  now: Date,
): MedicationRequest {
  return {
    resourceType: "MedicationRequest",
    id,
    status: "active",
    intent: "order",
    medicationCodeableConcept: { coding: [medication] },
    subject: { reference: patient },
    ...(encounter !== undefined && { encounter: { reference: encounter } }),
    authoredOn: now.toISOString(),
    dosageInstruction: [{ text: dosage }],
    dispenseRequest: { quantity: { value: quantity } },
  };
}

export function prescriptionOf(request: MedicationRequest, version: number): Prescription {
  return {
    prescription: `MedicationRequest/${request.id}`,
    version,
    patient: request.subject.reference,
    medication: request.medicationCodeableConcept?.coding?.[0] ?? { system: "", code: "" },
    quantity: prescribedBy(request) ?? 0,
    prescribedAt: request.authoredOn ?? "",
  };
}

/** Places of the two counters in `dispenseSteps`: a refused step tells by its place which rule refused it. */
export const STEP = { stock: 0, prescribed: 1 } as const;

/**
 * Handing out `quantity`: off the shelf, off the prescription, and on record, in one atomic write.
 * @throws 409 PRESCRIPTION_NOT_ACTIVE
 */
export function dispenseSteps(request: MedicationRequest, id: string, quantity: number, now: Date): OwnerStep[] {
  const medication = request.medicationCodeableConcept?.coding?.[0];
  const prescribed = prescribedBy(request);
  if (request.status !== "active" || !medication?.code || prescribed === undefined)
    throw prescriptionNotActive(`MedicationRequest/${request.id}`);
  const dispense = {
    resourceType: "MedicationDispense",
    id,
    status: "completed",
    medicationCodeableConcept: request.medicationCodeableConcept,
    subject: request.subject,
    ...(request.encounter && { context: request.encounter }),
    authorizingPrescription: [{ reference: `MedicationRequest/${request.id}` }],
    quantity: { value: quantity },
    whenHandedOver: now.toISOString(),
  };
  return [
    { op: "add", counter: stockCounter(medication), by: -quantity, min: 0 },
    { op: "add", counter: dispensedCounter(request.id), by: -quantity, min: -prescribed },
    { op: "create", type: "MedicationDispense", id, text: JSON.stringify(dispense) },
  ];
}
