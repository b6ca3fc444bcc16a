import type { MedicationDispense, SupplyDelivery } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import { shelfOfPart } from "./ledger.ts";
import { codesOf, DISPENSED, dispensedCounter, STOCK, stockCounter, unitsOf } from "./pharmacy.model.ts";
import { keptOf, RETURNED_COUNTER, returnedCounter, returnOf } from "./returns.model.ts";
import { isWithdrawal } from "./stocktaking.model.ts";

type Level = [counter: string, by: number];
type Has = (counter: string) => boolean;

/** What patients have kept is off the shelf, where the pharmacy has one for it, and off what was prescribed. */
function dispensed(dispense: MedicationDispense, has: Has): Level[] {
  if (dispense.status !== "completed") return [];
  const kept = keptOf(dispense);
  const shelf = codesOf(dispense.medicationCodeableConcept).map(stockCounter).find(has);
  const prescriptions = dispense.authorizingPrescription?.flatMap(({ reference }) => localReference(reference) ?? []) ?? [];
  return [
    ...(shelf === undefined ? [] : [[shelf, -kept] as Level]),
    ...prescriptions.map((one): Level => [dispensedCounter(one.slice("MedicationRequest/".length)), -kept]),
  ];
}

/** What came to the shelf, or was taken from it; what a patient gave back is counted with its dispense. */
function delivered(delivery: SupplyDelivery, has: Has): Level[] {
  if (delivery.status !== "completed") return [];
  const units = unitsOf(delivery.suppliedItem?.quantity);
  const dispense = returnOf(delivery);
  if (dispense !== undefined) return [[returnedCounter(dispense), -units]];
  const codes = codesOf(delivery.suppliedItem?.itemCodeableConcept);
  const [first] = codes;
  if (!first || !delivery.type?.coding?.some(({ code }) => code === "medication")) return [];
  const shelf = codes.map(stockCounter).find(has) ?? stockCounter(first);
  return [[shelf, isWithdrawal(delivery) ? -units : units]];
}

/** Shelf, prescriptions and returns follow from dispenses and deliveries; the days of a shelf sum up to it. */
export const invariants: Invariants = {
  standings: { MedicationDispense: { counters: dispensed }, SupplyDelivery: { counters: delivered } },
  counted: [STOCK, DISPENSED, RETURNED_COUNTER],
  wholeOf: shelfOfPart,
};
