import type { CodeableConcept, MedicationDispense, MedicationRequest, SupplyDelivery } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { ruleType } from "../../mixins/fhir/rules/common.ts";
import type { Effect, EffectsOf, EffectTools } from "../../mixins/fhir/rules/effects.ts";
import { type Change, type Refusal, refusalBy } from "../../mixins/fhir/rules/rule.ts";
import { counted } from "../../store/counted.ts";
import { moreThanPrescribed, outOfStock } from "./pharmacy.errors.ts";
import { codesOf, dispensedCounter, prescribedBy, stockCounter, unitsOf } from "./pharmacy.model.ts";

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
  return new Map(shelf === undefined ? [] : [[shelf, -unitsOf(dispense.quantity)]]);
}

const prescriptionsOf = (dispense: MedicationDispense | undefined): string[] =>
  dispense?.authorizingPrescription?.flatMap(({ reference }) => localReference(reference) ?? []) ?? [];

/** Which of several prescriptions a unit belongs to is not told: each must have room for all. */
const offThePrescriptions = (dispense: MedicationDispense | undefined): Moves =>
  new Map(isHandedOut(dispense) ? prescriptionsOf(dispense).map((one) => [one, -unitsOf(dispense.quantity)]) : []);

async function dispensed({ before, after }: Change<MedicationDispense>, tools: EffectTools): Promise<Effect> {
  const [prescription = ""] = prescriptionsOf(after ?? before);
  const refusal = refusalBy(outOfStock(prescription), "MedicationDispense.quantity");
  const bound = { min: 0, rule: "medication-dispense-stock", refusal };
  const shelf = difference(await offTheShelf(before, tools), await offTheShelf(after, tools));
  const effect: Required<Effect> = { movements: shelf.map(([counter, by]) => ({ counter, by, ...(by < 0 && { bound }) })), changes: [] };
  for (const [reference, by] of difference(offThePrescriptions(before), offThePrescriptions(after))) {
    const request = await tools.read<MedicationRequest>(reference);
    const prescribed = request && prescribedBy(request);
    const name = dispensedCounter(reference.slice("MedicationRequest/".length));
    const tooMuch = {
      rule: "medication-dispense-quantity",
      refusal: refusalBy(moreThanPrescribed(reference), "MedicationDispense.quantity"),
    };
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
  return new Map([[shelf, unitsOf(suppliedItem?.quantity)]]);
}

async function delivered({ before, after }: Change<SupplyDelivery>, tools: EffectTools): Promise<Effect> {
  const refusal: Refusal = {
    code: 409,
    type: ruleType("supply-delivery-stock"),
    message: "What it brought has been dispensed: undo those dispenses first.",
    at: "SupplyDelivery.status",
  };
  const bound = { min: 0, rule: "supply-delivery-stock", refusal };
  const moves = difference(await arrived(before, tools), await arrived(after, tools));
  return { movements: moves.map(([counter, by]) => ({ counter, by, ...(by < 0 && { bound }) })) };
}

/** What follows from dispenses, prescriptions and deliveries, whoever writes them. */
export const effects: EffectsOf = { MedicationDispense: dispensed, MedicationRequest: prescribed, SupplyDelivery: delivered };
