import type { Medication, MedicationAdministration, MedicationDispense, MedicationRequest, SupplyDelivery } from "../../fhir/r4.ts";
import { localReference, splitPlace } from "../../federation/facts.ts";
import { intervalOf } from "../../fhir/dates.ts";
import { PAST_MS } from "../../mixins/fhir/rules/past.ts";
import { refusal, ruleType } from "../../mixins/fhir/rules/common.ts";
import type { Effect, EffectsOf, EffectTools, FullEffect } from "../../mixins/fhir/rules/effects.ts";
import { type Change, type Refusal, refusalBy } from "../../mixins/fhir/rules/rule.ts";
import { counted } from "../../store/counted.ts";
import { shelfMovements } from "./stock-book.ts";
import { moreThanDispensed, moreThanPrescribed, outOfStock } from "./pharmacy.errors.ts";
import { codesOf, dispensedCounter, prescribedBy, unitsOf } from "./pharmacy.model.ts";
import { keptOf, returnedCounter, returnedOf, returnOf, withReturned } from "./returns.model.ts";
import { unitOf } from "./unit.model.ts";
import { delivered, namedIn } from "./stock/deliveries.ts";
import { keptBy } from "./stock/books.ts";
import { itemOf, lotOf } from "./stock/item.ts";
import { DELIVERIES, DISPENSES } from "./stock/moved-by.ts";
import { inStock, inStockUnit, withUnit } from "./stock/stock-unit.ts";
import { blockedCounter, lastOf, negative, plus, type Portion, portionsOf, withPortions } from "./stock/portions.model.ts";
import { movesOf, standingOf, takenOff, takingOfDispense, takingOfDose } from "./stock/taking.ts";

// Stock and prescriptions follow from what is written, whoever writes it: their counters change in the same atomic write.

/** By counter: the amount that a version moves it, e.g. the units that a dispense takes from stock. */
type Moves = Map<string, number>;

/** The difference between the moves of the next version and of the one before. */
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

/** A dispense of several prescriptions does not say which unit belongs to which: each must have room for all. */
const offThePrescriptions = (dispense: MedicationDispense | undefined): Moves =>
  new Map(isHandedOut(dispense) ? prescriptionsOf(dispense).map((one) => [one, -keptOf(dispense)]) : []);

/** Without a quantity, what is handed out would stay in the stock and on the prescription. A record of the past may not know it. */
async function withoutQuantity({ before, after, now }: Change<MedicationDispense>, tools: EffectTools): Promise<FullEffect["refusals"]> {
  if (!isHandedOut(after) || isHandedOut(before) || after.quantity?.value !== undefined) return [];
  const [givenAt = now.getTime()] = (after.whenHandedOver !== undefined && intervalOf(after.whenHandedOver)) || [];
  if (givenAt <= now.getTime() - PAST_MS) return [];
  const requests = await Promise.all(prescriptionsOf(after).map((reference) => tools.read<MedicationRequest>(reference)));
  const isLimited = requests.some((request) => request && prescribedBy(request) !== undefined);
  const { codes } = await itemOf(takingOfDispense(after) ?? {}, tools);
  if (!isLimited && !(await keptBy(codes, tools))) return [];
  const rule = "medication-dispense-quantity";
  return [{ rule, refusal: refusal(rule, "Say how much was handed out: it is counted.", "MedicationDispense.quantity", 422) }];
}

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
  const refusals = [...taken.refusals, ...allowed.refusals, ...(await withoutQuantity(change, tools))];
  const all = {
    ...taken,
    refusals,
    movements: [...taken.movements, ...allowed.movements],
    changes: [...taken.changes, ...allowed.changes],
  };
  return withUnit(all, inUnit, given.after);
}

/** A dose takes from stock only if it says so: otherwise it was dispensed before. */
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

/** The counter of the lot that a Medication blocks; undefined: it blocks none. */
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
 * The effects on prescriptions of units that are dispensed or returned.
 * @param held the rule of the changed type that limits the prescribed quantity, and the element that it names
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
    // The dispense of the last units completes the prescription; others need not wait for one another.
    const decided = left > 0 && by < 0 ? { above: -prescribed } : { isExact: true };
    effect.movements.push({ counter: name, by, ...decided, ...(by < 0 && { bound: { min: -prescribed, ...tooMuch } }) });
    if (left <= 0 && request.status === "active") effect.changes.push({ ...request, status: "completed" });
    if (left > 0 && by > 0 && request.status === "completed") effect.changes.push({ ...request, status: "active" });
  }
  return effect;
}

/** The parts of a prescription on which dispenses depend. */
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

/** Returned units are in the stock that they came from, are noted on the dispense, and may be dispensed again. */
async function givenBack({ before, after, reference: own, now }: Change<SupplyDelivery>, tools: EffectTools): Promise<FullEffect> {
  const effect: FullEffect = { movements: [], changes: [], refusals: [] };
  for (const [reference, by] of difference(returns(before), returns(after))) {
    const dispense = await tools.read<MedicationDispense>(reference);
    if (!dispense) {
      // The dispense was entered in error and is deleted: its returns are undone all the same.
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
 * The lots of a dispense to which returned units belong.
 * @param undone earlier returns that are undone
 * @throws 409 MORE_THAN_DISPENSED if the dispense had fewer units of the lot
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

/** The effects of dispenses, prescriptions, doses, deliveries and lots. */
export const effects: EffectsOf = {
  Medication: blocked,
  MedicationAdministration: given,
  MedicationDispense: dispensed,
  MedicationRequest: prescribed,
  SupplyDelivery: supplied,
};
