import type { Medication, MedicationAdministration, MedicationDispense, MedicationRequest, SupplyDelivery } from "../../fhir/r4.ts";
import { localReference, splitPlace } from "../../federation/facts.ts";
import { ruleType } from "../../mixins/fhir/rules/common.ts";
import type { Effect, EffectsOf, EffectTools, FullEffect } from "../../mixins/fhir/rules/effects.ts";
import { type Change, type Refusal, refusalBy } from "../../mixins/fhir/rules/rule.ts";
import { counted } from "../../store/counted.ts";
import { shelfMovements } from "./stock-book.ts";
import { moreThanDispensed, moreThanPrescribed, outOfStock } from "./pharmacy.errors.ts";
import { codesOf, dispensedCounter, prescribedBy, unitsOf } from "./pharmacy.model.ts";
import { keptOf, returnedCounter, returnedOf, returnOf, withReturned } from "./returns.model.ts";
import { unitOf } from "./unit.model.ts";
import { delivered, namedIn } from "./stock/deliveries.ts";
import { itemOf, lotOf } from "./stock/item.ts";
import { DELIVERIES, DISPENSES } from "./stock/moved-by.ts";
import { inStock, inStockUnit, withUnit } from "./stock/stock-unit.ts";
import { blockedCounter, lastOf, negative, plus, type Portion, portionsOf, withPortions } from "./stock/portions.model.ts";
import { movesOf, standingOf, takenOff, takingOfDispense, takingOfDose } from "./stock/taking.ts";

// What shelf and prescriptions become by what is written, by whichever door: their counters move in the same atomic write.

/** How far a counter is moved by a version, e.g. a dispense by what it takes off the shelf. */
type Moves = Map<string, number>;

/** What the next version moves more than the one before it. */
function difference(before: Moves, after: Moves): [counter: string, by: number][] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name): [string, number][] => {
    const by = (after.get(name) ?? 0) - (before.get(name) ?? 0);
    return by === 0 ? [] : [[name, by]];
  });
}

const isHandedOut = (dispense: MedicationDispense | undefined): dispense is MedicationDispense => dispense?.status === "completed";

const prescriptionsOf = (dispense: MedicationDispense | undefined): string[] =>
  dispense?.authorizingPrescription?.flatMap(({ reference }) => localReference(reference) ?? []) ?? [];

/** Which of several prescriptions a unit belongs to is not told: each must have room for all. */
const offThePrescriptions = (dispense: MedicationDispense | undefined): Moves =>
  new Map(isHandedOut(dispense) ? prescriptionsOf(dispense).map((one) => [one, -keptOf(dispense)]) : []);

async function dispensed(given: Change<MedicationDispense>, tools: EffectTools): Promise<Effect> {
  const inUnit = await inStockUnit(given, DISPENSES, tools);
  const { change } = inUnit;
  const { before, after } = change;
  const [prescription = ""] = prescriptionsOf(after ?? before);
  const taken = await takenOff(change, tools, {
    takingOf: takingOfDispense,
    rules: { stock: "medication-dispense-stock", lot: "medication-dispense-lot" },
    outOfStock: refusalBy(outOfStock(prescription), "MedicationDispense.quantity"),
    at: "MedicationDispense.medication",
  });
  const allowed = await allowances(difference(offThePrescriptions(before), offThePrescriptions(after)), tools, {
    rule: "medication-dispense-quantity",
    at: "MedicationDispense.quantity",
  });
  const all = { ...taken, movements: [...taken.movements, ...allowed.movements], changes: [...taken.changes, ...allowed.changes] };
  return withUnit(all, inUnit, given.after);
}

/** A dose takes from the shelf only what it says to be taken of a stock: the rest was dispensed before. */
function given(change: Change<MedicationAdministration>, tools: EffectTools): Promise<Effect> {
  return takenOff(change, tools, {
    takingOf: takingOfDose,
    rules: { stock: "medication-administration-stock", lot: "medication-administration-lot" },
    outOfStock: refusalBy(
      outOfStock(localReference((change.after ?? change.before)?.request?.reference) ?? ""),
      "MedicationAdministration.extension",
    ),
    at: "MedicationAdministration.medication",
  });
}

/** The counter of the lot that a Medication says not to be used; undefined: it says so of none. */
export function blockedBy(medication: Medication | undefined): string | undefined {
  const [code] = codesOf(medication?.code);
  const { lot } = medication ? lotOf(medication) : {};
  return medication?.status === "inactive" && code && lot !== undefined ? blockedCounter({ medication: code, lot }) : undefined;
}

async function blocked({ before, after }: Change<Medication>): Promise<Effect> {
  const [was, is] = [blockedBy(before), blockedBy(after)];
  if (was === is) return { movements: [] };
  return { movements: [...(was === undefined ? [] : [{ counter: was, by: -1 }]), ...(is === undefined ? [] : [{ counter: is, by: 1 }])] };
}

/**
 * How prescriptions follow what is dispensed by them, or given back.
 * @param held the rule of the changed type that holds what was prescribed, and the element that it is about
 */
async function allowances(
  moves: [reference: string, by: number][],
  tools: EffectTools,
  held: { rule: string; at: string },
): Promise<FullEffect> {
  const effect: FullEffect = { movements: [], changes: [], refusals: [] };
  for (const [reference, by] of moves) {
    const request = await tools.read<MedicationRequest>(reference);
    const prescribed = request && prescribedBy(request);
    const name = dispensedCounter(reference.slice("MedicationRequest/".length));
    const tooMuch = { rule: held.rule, refusal: refusalBy(moreThanPrescribed(reference), held.at) };
    if (!request || prescribed === undefined) {
      effect.movements.push({ counter: name, by });
      continue;
    }
    const left = counted(prescribed + ((await tools.counter(name)) ?? 0) + by);
    // Who takes the last of it completes the prescription; of many who do not, none need wait for another.
    const decided = left > 0 && by < 0 ? { above: -prescribed } : { isExact: true };
    effect.movements.push({ counter: name, by, ...decided, ...(by < 0 && { bound: { min: -prescribed, ...tooMuch } }) });
    if (left <= 0 && request.status === "active") effect.changes.push({ ...request, status: "completed" });
    if (left > 0 && by > 0 && request.status === "completed") effect.changes.push({ ...request, status: "active" });
  }
  return effect;
}

/** What a prescription is dispensed by. */
const essence = (request: MedicationRequest): string =>
  JSON.stringify([
    request.medicationCodeableConcept?.coding,
    request.medicationReference?.reference,
    prescribedBy(request),
    unitOf(request.dispenseRequest?.quantity),
  ]);

async function prescribed({ before, after, reference }: Change<MedicationRequest>): Promise<Effect | undefined> {
  if (!before || !after || essence(before) === essence(after)) return undefined;
  const refusal: Refusal = {
    code: 409,
    type: ruleType("medication-request-dispensed"),
    message: "Something was dispensed by this prescription: stop it, and prescribe anew.",
    at: "MedicationRequest.dispenseRequest",
  };
  const counter = dispensedCounter(reference.slice("MedicationRequest/".length));
  return { movements: [{ counter, by: 0, isExact: true, bound: { min: 0, rule: "medication-request-dispensed", refusal } }] };
}

const cannotBeUndone = (message: string): Refusal => ({
  code: 409,
  type: ruleType("supply-delivery-stock"),
  message,
  at: "SupplyDelivery.status",
});

async function supplied(given: Change<SupplyDelivery>, tools: EffectTools): Promise<Effect> {
  const inUnit = await inStockUnit(given, DELIVERIES, tools);
  const returned = await givenBack(inUnit.change, tools);
  const moved = await delivered(inUnit.change, tools);
  const all = {
    movements: [...moved.movements, ...returned.movements],
    changes: [...moved.changes, ...returned.changes],
    refusals: moved.refusals,
  };
  return withUnit(all, inUnit, given.after);
}

const dispenseOf = (delivery: SupplyDelivery | undefined): string | undefined =>
  delivery?.status === "completed" ? returnOf(delivery) : undefined;
const returns = (delivery: SupplyDelivery | undefined): Moves => {
  const dispense = dispenseOf(delivery);
  return new Map(dispense === undefined ? [] : [[dispense, unitsOf(delivery?.suppliedItem?.quantity)]]);
};

/** What comes back of a dispense is on the shelf that it came from, is noted on the dispense, and may be dispensed again. */
async function givenBack({ before, after, reference: own, now }: Change<SupplyDelivery>, tools: EffectTools): Promise<FullEffect> {
  const effect: FullEffect = { movements: [], changes: [], refusals: [] };
  for (const [reference, by] of difference(returns(before), returns(after))) {
    const dispense = await tools.read<MedicationDispense>(reference);
    if (!dispense) {
      // It was a mistake and is deleted: what came back of it is undone all the same.
      effect.movements.push({ counter: returnedCounter(reference), by: -by });
      continue;
    }
    const bound = { min: -unitsOf(dispense.quantity), rule: "supply-delivery-return", refusal: tooMuchBack(reference) };
    effect.movements.push({ counter: returnedCounter(reference), by: -by, isExact: true, ...(by > 0 && { bound }) });
    const undone = dispenseOf(before) === reference ? portionsOf(before) : undefined;
    const { lot } = after ? await itemOf(namedIn(after), tools) : {};
    const asked = dispenseOf(after) === reference ? { units: inStock(unitsOf(after?.suppliedItem?.quantity), dispense), lot } : undefined;
    const { back, next } = lotsBack(withReturned(dispense, counted(returnedOf(dispense) + by)), { undone, asked, reference });
    effect.changes.push(next);
    if (back && after) effect.changes.push({ ...withPortions(after, back), id: splitPlace(own)[1] });
    const [was, is] = await Promise.all([dispense, next].map((it) => standingOf(it, takingOfDispense(it), tools)));
    const refusal = cannotBeUndone("What was given back has been dispensed again: undo that first.");
    const onTheShelf = { min: 0, rule: "supply-delivery-stock", refusal };
    const time = (after ?? before)?.occurrenceDateTime;
    const shelf = movesOf([...(was ?? []), ...negative(is ?? [])]);
    effect.movements.push(...(await shelfMovements(shelf, { time, now }, { bound: onTheShelf }, tools)));
    const allowed = await allowances(difference(offThePrescriptions(dispense), offThePrescriptions(next)), tools, {
      rule: "supply-delivery-return",
      at: "SupplyDelivery.status",
    });
    effect.movements.push(...allowed.movements);
    effect.changes.push(...allowed.changes);
  }
  return effect;
}

/**
 * Of which lots of a dispense comes back what comes back.
 * @param undone what had come back before and has not after all
 * @throws 409 MORE_THAN_DISPENSED when there was not so much of the lot
 */
function lotsBack<Of extends MedicationDispense>(
  next: Of,
  {
    undone,
    asked,
    reference,
  }: { undone: Portion[] | undefined; asked: { units: number; lot: string | undefined } | undefined; reference: string },
): { back?: Portion[]; next: Of } {
  const borne = portionsOf(next);
  if (!borne) return { next };
  const kept = plus(borne, undone ?? []);
  const { portions: back, missing } = lastOf(kept, asked?.units ?? 0, asked?.lot);
  if (asked?.lot !== undefined && missing > 0) throw moreThanDispensed(reference);
  return { ...(asked && { back }), next: withPortions(next, plus(kept, negative(back))) };
}

const tooMuchBack = (dispense: string): Refusal => refusalBy(moreThanDispensed(dispense), "SupplyDelivery.suppliedItem.quantity");

/** What follows from dispenses, prescriptions, doses, deliveries and lots, by whichever door they are written. */
export const effects: EffectsOf = {
  Medication: blocked,
  MedicationAdministration: given,
  MedicationDispense: dispensed,
  MedicationRequest: prescribed,
  SupplyDelivery: supplied,
};
