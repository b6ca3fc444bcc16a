import type { Medication, MedicationAdministration, MedicationDispense, MedicationRequest, SupplyDelivery } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { counted } from "../../store/counted.ts";
import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import { partOfShelf, shelfOfPart } from "./stock-book.ts";
import { blockedBy } from "./pharmacy.effects.ts";
import { codesOf, DISPENSED, dispensedCounter, prescribedBy, STOCK, stockCounter, unitsOf } from "./pharmacy.model.ts";
import { keptOf, RETURNED_COUNTER, returnedCounter, returnOf } from "./returns.model.ts";
import { isArrived, onShelves, unitsIn } from "./stock/deliveries.ts";
import { BLOCKED, LOTS, negative, type Portion, portionsOf, shelfOfCounter } from "./stock/portions.model.ts";
import { unitLevels, UNITS } from "./stock/stock-unit.ts";
import { ELSEWHERE, elsewhereCounter, movesOf, takingOfDispense, takingOfDose } from "./stock/taking.ts";

type Level = [counter: string, by: number];
type Has = (counter: string) => boolean;

/** The portion of a resource without portions: of stock without a lot, if the pharmacy has any. */
function plainPortion(counter: string | undefined, quantity: number): Portion[] {
  const shelf = counter === undefined ? undefined : shelfOfCounter(counter);
  return shelf ? [{ ...shelf, quantity }] : [];
}

/** What patients have kept of a dispense has been taken from its shelf, and from the prescribed quantity. */
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

/** A fully dispensed prescription is completed; one that was completed before may have been so by hand. */
function completedBy(request: MedicationRequest, value: (counter: string) => number | undefined): MedicationRequest | undefined {
  const prescribed = prescribedBy(request);
  if (request.status !== "active" || request.id === undefined || prescribed === undefined || prescribed <= 0) return undefined;
  const left = counted(prescribed + (value(dispensedCounter(request.id)) ?? 0));
  return left <= 0 ? { ...request, status: "completed" } : undefined;
}

const given = (dose: MedicationAdministration): Level[] => (takingOfDose(dose) ? movesOf(negative(portionsOf(dose) ?? [])) : []);

/** Deliveries add to a shelf, take from it, or move between shelves; returns are counted with their dispense. */
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

const isShelf = (counter: string): boolean => counter.startsWith(STOCK) || counter.startsWith(LOTS);

/** Stock, prescriptions and returns follow from dispenses, doses and deliveries; the days of a shelf add up to its total. */
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
  partAt: (counter, now) => (isShelf(counter) ? partOfShelf(counter, now) : undefined),
  isNeverNegative: isShelf,
};
