import type { CodeableConcept, MedicationDispense, MedicationRequest, SupplyDelivery } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { ruleType } from "../../mixins/fhir/rules/common.ts";
import type { Effect, EffectsOf, EffectTools } from "../../mixins/fhir/rules/effects.ts";
import { type Change, type Refusal, refusalBy } from "../../mixins/fhir/rules/rule.ts";
import { counted } from "../../store/counted.ts";
import { moreThanDispensed, moreThanPrescribed, outOfStock, stockChanged, stockTooLow } from "./pharmacy.errors.ts";
import { codesOf, dispensedCounter, prescribedBy, stockCounter, unitsOf } from "./pharmacy.model.ts";
import { shelfMovements } from "./ledger.ts";
import { keptOf, returnedCounter, returnedOf, returnOf, withReturned } from "./returns.model.ts";
import { bookedBefore, isWithdrawal } from "./stocktaking.model.ts";

// What shelf and prescriptions become by what is written, whoever writes it: their counters move in the same atomic write.

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

/** The shelf of what has one by any of its codes; what the pharmacy never took in it does not keep: somebody else dispenses that. */
async function keptShelf(concept: CodeableConcept | undefined, { counter }: EffectTools): Promise<string | undefined> {
  for (const code of codesOf(concept)) {
    const shelf = stockCounter(code);
    if ((await counter(shelf)) !== undefined) return shelf;
  }
  return undefined;
}

async function offTheShelf(dispense: MedicationDispense | undefined, tools: EffectTools): Promise<Moves> {
  if (!isHandedOut(dispense)) return new Map();
  const shelf = await keptShelf(dispense.medicationCodeableConcept, tools);
  return new Map(shelf === undefined ? [] : [[shelf, -keptOf(dispense)]]);
}

const prescriptionsOf = (dispense: MedicationDispense | undefined): string[] =>
  dispense?.authorizingPrescription?.flatMap(({ reference }) => localReference(reference) ?? []) ?? [];

/** Which of several prescriptions a unit belongs to is not told: each must have room for all. */
const offThePrescriptions = (dispense: MedicationDispense | undefined): Moves =>
  new Map(isHandedOut(dispense) ? prescriptionsOf(dispense).map((one) => [one, -keptOf(dispense)]) : []);

async function dispensed({ before, after, now }: Change<MedicationDispense>, tools: EffectTools): Promise<Effect> {
  const [prescription = ""] = prescriptionsOf(after ?? before);
  const refusal = refusalBy(outOfStock(prescription), "MedicationDispense.quantity");
  const bound = { min: 0, rule: "medication-dispense-stock", refusal };
  const shelf = difference(await offTheShelf(before, tools), await offTheShelf(after, tools));
  const time = (after ?? before)?.whenHandedOver;
  const movements = await shelfMovements(shelf, { time, now }, bound, tools);
  const allowed = await allowances(difference(offThePrescriptions(before), offThePrescriptions(after)), tools, {
    rule: "medication-dispense-quantity",
    at: "MedicationDispense.quantity",
  });
  return { movements: [...movements, ...allowed.movements], changes: allowed.changes };
}

/**
 * How prescriptions follow what is dispensed by them, or given back.
 * @param held the rule of the changed type that holds what was prescribed, and the element that it is about
 */
async function allowances(
  moves: [reference: string, by: number][],
  tools: EffectTools,
  held: { rule: string; at: string },
): Promise<Required<Effect>> {
  const effect: Required<Effect> = { movements: [], changes: [] };
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
  JSON.stringify([request.medicationCodeableConcept?.coding, request.medicationReference?.reference, prescribedBy(request)]);

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

async function arrived(delivery: SupplyDelivery | undefined, tools: EffectTools): Promise<Moves> {
  const { suppliedItem, status, type } = delivery ?? {};
  const isMedication = type?.coding?.some(({ code }) => code === "medication") ?? false;
  const [first] = codesOf(suppliedItem?.itemCodeableConcept);
  if (status !== "completed" || !isMedication || !first) return new Map();
  const shelf = (await keptShelf(suppliedItem?.itemCodeableConcept, tools)) ?? stockCounter(first);
  return new Map([[shelf, (isWithdrawal(delivery) ? -1 : 1) * unitsOf(suppliedItem?.quantity)]]);
}

const cannotBeUndone = (message: string): Refusal => ({
  code: 409,
  type: ruleType("supply-delivery-stock"),
  message,
  at: "SupplyDelivery.status",
});

async function delivered(change: Change<SupplyDelivery>, tools: EffectTools): Promise<Effect> {
  const returned = await givenBack(change, tools);
  const [before, after] = [change.before, change.after].map((it) => (returnOf(it) === undefined ? it : undefined));
  const dispensedSince = cannotBeUndone("What it brought has been dispensed: undo those dispenses first.");
  const refusal = isWithdrawal(after) ? refusalBy(stockTooLow(), "SupplyDelivery.suppliedItem.quantity") : dispensedSince;
  const bound = { min: 0, rule: "supply-delivery-stock", refusal };
  const moves = difference(await arrived(before, tools), await arrived(after, tools));
  const booked = before ? undefined : bookedBefore(after);
  for (const [counter] of moves) if (booked !== undefined && ((await tools.counter(counter)) ?? 0) !== booked) throw stockChanged();
  const time = (change.after ?? change.before)?.occurrenceDateTime;
  const movements = await shelfMovements(moves, { time, now: change.now }, bound, tools);
  const exact = booked === undefined ? movements : movements.map((movement) => ({ ...movement, isExact: true }));
  return { movements: [...exact, ...returned.movements], changes: returned.changes };
}

const returns = (delivery: SupplyDelivery | undefined): Moves => {
  const dispense = delivery?.status === "completed" ? returnOf(delivery) : undefined;
  return new Map(dispense === undefined ? [] : [[dispense, unitsOf(delivery?.suppliedItem?.quantity)]]);
};

/** What comes back of a dispense is on the shelf that it came from, is noted on the dispense, and may be dispensed again. */
async function givenBack({ before, after, now }: Change<SupplyDelivery>, tools: EffectTools): Promise<Required<Effect>> {
  const effect: Required<Effect> = { movements: [], changes: [] };
  for (const [reference, by] of difference(returns(before), returns(after))) {
    const dispense = await tools.read<MedicationDispense>(reference);
    if (!dispense) continue;
    const bound = { min: -unitsOf(dispense.quantity), rule: "supply-delivery-return", refusal: tooMuchBack(reference) };
    effect.movements.push({ counter: returnedCounter(reference), by: -by, isExact: true, ...(by > 0 && { bound }) });
    const next = withReturned(dispense, counted(returnedOf(dispense) + by));
    effect.changes.push(next);
    const shelf = difference(await offTheShelf(dispense, tools), await offTheShelf(next, tools));
    const refusal = cannotBeUndone("What was given back has been dispensed again: undo that first.");
    const onTheShelf = { min: 0, rule: "supply-delivery-stock", refusal };
    const time = (after ?? before)?.occurrenceDateTime;
    effect.movements.push(...(await shelfMovements(shelf, { time, now }, onTheShelf, tools)));
    const allowed = await allowances(difference(offThePrescriptions(dispense), offThePrescriptions(next)), tools, {
      rule: "supply-delivery-return",
      at: "SupplyDelivery.status",
    });
    effect.movements.push(...allowed.movements);
    effect.changes.push(...allowed.changes);
  }
  return effect;
}

const tooMuchBack = (dispense: string): Refusal => refusalBy(moreThanDispensed(dispense), "SupplyDelivery.suppliedItem.quantity");

/** What follows from dispenses, prescriptions and deliveries, whoever writes them. */
export const effects: EffectsOf = { MedicationDispense: dispensed, MedicationRequest: prescribed, SupplyDelivery: delivered };
