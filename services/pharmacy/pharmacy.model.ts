import { numberOf } from "../../fhir/json.ts";
import type { MedicationDispense, MedicationRequest, SupplyDelivery } from "../../fhir/r4.ts";
import { addition, creation } from "../../mixins/fhir/steps.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import type { Code, Prescription } from "./pharmacy.contract.ts";
import { prescriptionNotActive } from "./pharmacy.errors.ts";

// The rules of stock and prescriptions: plain data in, plain data out. No broker, no database, no clock.

const STOCK = "stock/";

/** Units that may be dispensed in all; undefined when the prescription does not say. */
const prescribedBy = ({ dispenseRequest }: MedicationRequest): number | undefined => numberOf(dispenseRequest?.quantity?.value);

/** The counter that holds how many units of a medication are on the shelf. */
export const stockCounter = ({ system, code }: Code): string => `${STOCK}${system}|${code}`;

/** The medication whose stock a counter holds. */
export function codeOfCounter(counter: string): Code {
  const text = counter.slice(STOCK.length);
  const bar = text.lastIndexOf("|");
  return { system: text.slice(0, bar), code: text.slice(bar + 1) };
}

/** Counters of stock; with a code (`system|code`) the one of that medication. */
export const stockPrefix = (code = ""): string => STOCK + code;

/** Counts down from zero what was dispensed of a prescription, so that its quantity is a lower bound. */
const dispensedCounter = (id: string): string => `dispensed/${id}`;

/** The SupplyDelivery of what has arrived. */
export function deliveryOf(
  id: string,
  { medication, quantity, lot }: { medication: Code; quantity: number; lot?: string },
  now: Date,
): SupplyDelivery & { id: string } {
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

/** The MedicationRequest of what is prescribed now. */
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
): MedicationRequest & { id: string } {
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

/** The code of what is prescribed; undefined for one that is not told by a code. */
function medicationOf({ medicationCodeableConcept }: MedicationRequest): Code | undefined {
  const { system = "", code, display } = medicationCodeableConcept?.coding?.[0] ?? {};
  return code === undefined ? undefined : { system, code, ...(display !== undefined && { display }) };
}

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

/** Places of the two counters in `dispenseSteps`: a refused step tells by its place which rule refused it. */
export const STEP = { stock: 0, prescribed: 1 } as const;

/**
 * Handing out `quantity`: off the shelf, off the prescription, and on record, in one atomic write.
 * @throws 409 PRESCRIPTION_NOT_ACTIVE
 */
export function dispenseSteps(request: MedicationRequest & { id: string }, id: string, quantity: number, now: Date): OwnerStep[] {
  const medication = medicationOf(request);
  const prescribed = prescribedBy(request);
  if (request.status !== "active" || !medication || prescribed === undefined)
    throw prescriptionNotActive(`MedicationRequest/${request.id}`);
  const dispense: MedicationDispense & { id: string } = {
    resourceType: "MedicationDispense",
    id,
    status: "completed",
    ...(request.medicationCodeableConcept && { medicationCodeableConcept: request.medicationCodeableConcept }),
    subject: request.subject,
    ...(request.encounter && { context: request.encounter }),
    authorizingPrescription: [{ reference: `MedicationRequest/${request.id}` }],
    quantity: { value: quantity },
    whenHandedOver: now.toISOString(),
  };
  return [
    addition(stockCounter(medication), -quantity, 0),
    addition(dispensedCounter(request.id), -quantity, -prescribed),
    creation(dispense),
  ];
}
