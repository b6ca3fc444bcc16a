import { numberOf } from "../../fhir/json.ts";
import type { Extension, Medication, MedicationDispense, SupplyDelivery } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { REASON } from "../../mixins/fhir/rules/reasons.ts";
import { counted } from "../../store/counted.ts";
import { RETURNED } from "./pharmacy.contract.ts";
import { dispenseNotCompleted } from "./pharmacy.errors.ts";
import { unitsOf } from "./pharmacy.model.ts";

// Returns of a dispense: a delivery to the pharmacy that refers to it, and the returned quantity on the dispense itself. Plain data in and out.

/** URL of an extension of a SupplyDelivery: the MedicationDispense of which it returns units. */
const RETURN_OF = "urn:openward:return-of";

const extensionOf = (resource: { extension?: Extension[] } | undefined, address: string): Extension | undefined =>
  resource?.extension?.find(({ url }) => url === address);

/** `MedicationDispense/…` of which a delivery returns units; undefined for any other delivery. */
export function returnOf(delivery: SupplyDelivery | undefined): string | undefined {
  const place = localReference(extensionOf(delivery, RETURN_OF)?.valueReference?.reference);
  return place?.startsWith("MedicationDispense/") ? place : undefined;
}

/** Returned units of a dispense. */
export const returnedOf = (dispense: MedicationDispense): number =>
  unitsOf({ value: numberOf(extensionOf(dispense, RETURNED)?.valueDecimal) ?? 0 });

/** Units of a dispense that were not returned. */
export const keptOf = (dispense: MedicationDispense): number => counted(unitsOf(dispense.quantity) - returnedOf(dispense));

/** The dispense with a returned quantity. */
export function withReturned<Of extends MedicationDispense>(dispense: Of, units: number): Of {
  const others = dispense.extension?.filter(({ url }) => url !== RETURNED) ?? [];
  return { ...dispense, extension: [...others, { url: RETURNED, valueDecimal: units }] };
}

/** Prefix of the names of counters of returned quantities. */
export const RETURNED_COUNTER = "returned/";
/** The counter of returned units of a dispense, down from zero, so that its quantity is a lower bound. */
export const returnedCounter = (dispense: string): string => RETURNED_COUNTER + dispense.slice("MedicationDispense/".length);

/** The delivery of a return; stock, prescription and charge follow. @throws 409 DISPENSE_NOT_COMPLETED */
export function newReturn(
  id: string,
  dispense: MedicationDispense & { id: string },
  { quantity, reason, lot }: { quantity: number; reason?: string; lot?: string },
  now: Date,
): SupplyDelivery & { id: string } {
  const reference = `MedicationDispense/${dispense.id}`;
  const { status, subject } = dispense;
  if (status !== "completed") throw dispenseNotCompleted(reference);
  return {
    resourceType: "SupplyDelivery",
    id,
    status: "completed",
    extension: [{ url: RETURN_OF, valueReference: { reference } }, ...(reason === undefined ? [] : [{ url: REASON, valueString: reason }])],
    type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication", display: "Medication" }] },
    ...(subject?.reference?.startsWith("Patient/") && { patient: subject }),
    ...itemBack(dispense, lot, quantity),
    occurrenceDateTime: now.toISOString(),
  };
}

/** The returned item, as on the dispense. @param lot its lot, if known */
function itemBack(
  { medicationCodeableConcept: concept, medicationReference: medication, contained }: MedicationDispense,
  lot: string | undefined,
  value: number,
): Pick<SupplyDelivery, "contained" | "suppliedItem"> {
  const inside = contained?.find((it) => it.resourceType === "Medication" && medication?.reference === `#${it.id}`) as
    | Medication
    | undefined;
  const code = concept ?? inside?.code;
  const quantity = { value };
  if (lot === undefined) {
    if (code) return { suppliedItem: { quantity, itemCodeableConcept: code } };
    return { suppliedItem: { quantity, ...(medication && { itemReference: medication }) } };
  }
  const batch: Medication = { resourceType: "Medication", id: "lot", ...(code && { code }), batch: { lotNumber: lot } };
  return { contained: [batch], suppliedItem: { quantity, itemReference: { reference: "#lot" } } };
}
