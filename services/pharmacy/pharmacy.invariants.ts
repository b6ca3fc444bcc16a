import type { Medication, MedicationAdministration, MedicationDispense, MedicationRequest, SupplyDelivery } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { counted } from "../../store/counted.ts";
import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import { shelfOfPart } from "./stock-book.ts";
import { blockedBy } from "./pharmacy.effects.ts";
import { codesOf, DISPENSED, dispensedCounter, prescribedBy, STOCK, stockCounter, unitsOf } from "./pharmacy.model.ts";
import { keptOf, RETURNED_COUNTER, returnedCounter, returnOf } from "./returns.model.ts";
import { isArrived, onShelves, unitsIn } from "./stock/deliveries.ts";
import { BLOCKED, LOTS, negative, type Portion, portionsOf, shelfOfCounter } from "./stock/portions.model.ts";
import { unitLevels, UNITS } from "./stock/stock-unit.ts";
import { ELSEWHERE, elsewhereCounter, movesOf, takingOfDispense, takingOfDose } from "./stock/taking.ts";

type Level = [counter: string, by: number];
type Has = (counter: string) => boolean;

/** What bears no portions is of the shelf without lots, where the pharmacy has one for it. */
function plainPortion(counter: string | undefined, quantity: number): Portion[] {
  const shelf = counter === undefined ? undefined : shelfOfCounter(counter);
  return shelf ? [{ ...shelf, quantity }] : [];
}

/** What patients have kept is off the shelf that it came from, and off what was prescribed. */
function dispensed(dispense: MedicationDispense, has: Has): Level[] {
  const taking = takingOfDispense(dispense);
  if (!taking) return [];
  const isElsewhere = dispense.id !== undefined && has(elsewhereCounter(`MedicationDispense/${dispense.id}`));
  const shelf = taking.isPlainWithout && !isElsewhere ? codesOf(taking.concept).map(stockCounter).find(has) : undefined;
  const prescriptions = new Set(dispense.authorizingPrescription?.flatMap(({ reference }) => localReference(reference) ?? []));
  return [
    ...movesOf(negative(portionsOf(dispense) ?? plainPortion(shelf, taking.units))),
    ...unitLevels(dispense),
    ...[...prescriptions].map((one): Level => [dispensedCounter(one.slice("MedicationRequest/".length)), -keptOf(dispense)]),
  ];
}

/** A prescription of which all was dispensed is completed; what was completed before may have been so by hand. */
function completedBy(request: MedicationRequest, value: (counter: string) => number | undefined): MedicationRequest | undefined {
  const prescribed = prescribedBy(request);
  if (request.status !== "active" || request.id === undefined || prescribed === undefined || prescribed <= 0) return undefined;
  const left = counted(prescribed + (value(dispensedCounter(request.id)) ?? 0));
  return left <= 0 ? { ...request, status: "completed" } : undefined;
}

const given = (dose: MedicationAdministration): Level[] => (takingOfDose(dose) ? movesOf(negative(portionsOf(dose) ?? [])) : []);

/** What came to the shelf, was taken from it, or moved; what a patient gave back is counted with its dispense. */
function delivered(delivery: SupplyDelivery, has: Has): Level[] {
  if (delivery.status !== "completed") return [];
  const dispense = returnOf(delivery);
  if (dispense !== undefined) return [[returnedCounter(dispense), -unitsOf(delivery.suppliedItem?.quantity)]];
  if (!isArrived(delivery)) return [];
  const codes = codesOf(delivery.suppliedItem?.itemCodeableConcept);
  const [first] = codes;
  const shelf = codes.map(stockCounter).find(has) ?? (first && stockCounter(first));
  return [...movesOf(onShelves(delivery, portionsOf(delivery) ?? plainPortion(shelf, unitsIn(delivery)))), ...unitLevels(delivery)];
}

const blocks = (medication: Medication): Level[] => {
  const counter = blockedBy(medication);
  return counter === undefined ? [] : [[counter, 1]];
};

/** Shelves, prescriptions and returns follow from dispenses, doses and deliveries; the days of a shelf sum up to it. */
export const invariants: Invariants = {
  standings: {
    Medication: { counters: blocks },
    MedicationAdministration: { counters: given },
    MedicationDispense: { counters: dispensed },
    MedicationRequest: { follows: completedBy },
    SupplyDelivery: { counters: delivered },
  },
  counted: [STOCK, LOTS, BLOCKED, DISPENSED, RETURNED_COUNTER, UNITS],
  noted: [ELSEWHERE],
  wholeOf: shelfOfPart,
};
