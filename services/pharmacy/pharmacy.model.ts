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

/** Prefix of the names of stock counters. */
export const STOCK = "stock/";
/** Prefix of the names of counters of dispensed quantities, by prescription. */
export const DISPENSED = "dispensed/";

/** URL of an extension of a MedicationDispense whose medication is a code: the lot from which it is to be taken. */
export const LOT = "urn:openward:lot";

/** Whether a prescription can be dispensed; proposals and plans cannot. */
export const isOrder = ({ intent }: Pick<MedicationRequest, "intent">): boolean => /order$/.test(intent);

/** Units that may be dispensed in all; undefined if the prescription does not say. */
export const prescribedBy = ({ dispenseRequest }: MedicationRequest): number | undefined => numberOf(dispenseRequest?.quantity?.value);

/** Units of one dispense or delivery at most: sums of thousands below it are exact to the sixth decimal. */
const MAX_UNITS = 1e9;

/** Whether a quantity can be dispensed or received. */
export const isPossible = (units: number): boolean => units >= 0 && units <= MAX_UNITS;

/** Units by which stock and prescription are counted; an impossible quantity counts as zero. */
export function unitsOf(quantity: Quantity | undefined): number {
  const units = numberOf(quantity?.value) ?? 0;
  return isPossible(units) ? counted(units) : 0;
}

/** The counter of the units of a medication in stock. */
export const stockCounter = ({ system, code }: Code): string => `${STOCK}${system}|${code}`;

/** The medication of a stock counter. */
export function codeOfCounter(counter: string): Code {
  const text = counter.slice(STOCK.length);
  const bar = text.lastIndexOf("|");
  return { system: text.slice(0, bar), code: text.slice(bar + 1) };
}

/** The counter of dispensed units of a prescription, down from zero, so that the prescribed quantity is a lower bound. */
export const dispensedCounter = (id: string): string => DISPENSED + id;

/** The SupplyDelivery of a received delivery. */
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

/** The contained Medication of one lot. */
const lotMedication = (medication: Code, { lot, expires }: { lot: string; expires?: string }): Medication & { id: string } => ({
  resourceType: "Medication",
  id: "lot",
  code: { coding: [medication] },
  batch: { lotNumber: lot, ...(expires !== undefined && { expirationDate: expires }) },
});

/** The MedicationRequest of a new prescription. */
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

/** The record that an allergy was seen, with the reason for prescribing despite it. */
function overridden(reason: string, now: Date): Pick<MedicationRequest, "contained" | "detectedIssue"> {
  const mitigation = [{ action: { text: reason }, date: now.toISOString() }];
  const issue: DetectedIssue = { resourceType: "DetectedIssue", id: "override", status: "final", severity: "high", mitigation };
  return {
    contained: [issue],
    detectedIssue: [{ reference: "#override" }],
  };
}

/** The codes of a medication, e.g. a local and a national one; none for a medication in words only. */
export const codesOf = (concept: CodeableConcept | undefined): Code[] =>
  (concept?.coding ?? []).flatMap(({ system = "", code, display }) =>
    code === undefined ? [] : [{ system, code, ...(display !== undefined && { display }) }],
  );

/** The code of the prescribed or dispensed medication; undefined if it has none. */
const medicationOf = ({ medicationCodeableConcept }: Pick<MedicationRequest, "medicationCodeableConcept">): Code | undefined =>
  codesOf(medicationCodeableConcept)[0];

/** What is prescribed as an element of what is made for it: a Medication within the prescription becomes a concept. */
export function prescribedMedication(
  request: MedicationRequest,
): Pick<MedicationRequest, "medicationCodeableConcept" | "medicationReference"> {
  const { medicationCodeableConcept: concept, medicationReference: reference, contained = [] } = request;
  const own = contained.find(({ id }) => `#${id}` === reference?.reference) as Medication | undefined;
  const code = concept ?? own?.code;
  return code ? { medicationCodeableConcept: code } : { ...(reference && !own && { medicationReference: reference }) };
}

/** The prescribed medication as callers get it; one without a code has its name all the same. @param stored the code of a stored Medication */
export function namedMedicationOf(request: MedicationRequest, stored?: CodeableConcept): Code {
  const { medicationCodeableConcept: own, medicationReference: reference } = prescribedMedication(request);
  const concept = own ?? stored;
  const coded = codesOf(concept)[0] ?? { system: "", code: "" };
  const display =
    coded.display ?? concept?.text ?? codesOf(concept).find((one) => one.display !== undefined)?.display ?? reference?.display;
  return { ...coded, ...(display !== undefined && { display }) };
}

/** A prescription as callers get it. */
export function prescriptionOf(request: MedicationRequest, version: number): Prescription {
  return {
    prescription: `MedicationRequest/${request.id}`,
    version,
    patient: request.subject.reference ?? "",
    medication: namedMedicationOf(request),
    quantity: prescribedBy(request) ?? 0,
    prescribedAt: request.authoredOn ?? "",
  };
}

/** The record of a dispense; stock and prescription follow (`pharmacy.effects.ts`). @throws 409 PRESCRIPTION_NOT_ACTIVE, MORE_THAN_PRESCRIBED */
export function newDispense(
  request: MedicationRequest & { id: string },
  { id, quantity, lot, place }: Where & { id: string; quantity: number },
  now: Date,
): MedicationDispense & { id: string } {
  if (request.status === "completed") throw moreThanPrescribed(`MedicationRequest/${request.id}`);
  if (request.status !== "active" || !medicationOf(request)) {
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

/** The dispense as entered in error; stock, prescription and charge follow. @throws 409 DISPENSE_NOT_COMPLETED */
export function voidDispense<Of extends MedicationDispense>(dispense: Of, reason: string): Of {
  if (dispense.status !== "completed") throw dispenseNotCompleted(`MedicationDispense/${dispense.id}`);
  return { ...dispense, status: "entered-in-error", statusReasonCodeableConcept: { text: reason } };
}
