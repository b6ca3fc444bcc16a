/** The portions that a dispense, or a dose from stock, takes, and the movements of the counters. */
import { numberOf } from "../../../fhir/json.ts";
import type { Extension, FhirResource, MedicationAdministration, MedicationDispense } from "../../../fhir/r4.ts";
import { localReference, splitPlace } from "../../../federation/facts.ts";
import { counted } from "../../../store/counted.ts";
import type { EffectTools, Movement } from "../../../mixins/fhir/rules/effects.ts";
import { type Change, type Refusal, refusalBy } from "../../../mixins/fhir/rules/rule.ts";
import type { Identified } from "../../../mixins/fhir/write-steps.ts";
import { momentOf, shelfMovements } from "../stock-book.ts";
import { lotBlocked, lotExpired } from "../pharmacy.errors.ts";
import { codesOf, LOT, stockCounter, unitsOf } from "../pharmacy.model.ts";
import { keptOf } from "../returns.model.ts";
import type { Where } from "../stock.contract.ts";
import { inStock } from "./stock-unit.ts";
import { keptBy, placeFrom, stateOf, takeFrom } from "./books.ts";
import { type MedicationLot, itemOf, type Named } from "./item.ts";
import {
  blockedCounter,
  counterOf,
  endOf,
  isPlain,
  negative,
  plainOf,
  plus,
  type Portion,
  portionsOf,
  withPortions,
} from "./portions.model.ts";

/** URL of an extension of a MedicationAdministration: units, place and lot taken from stock. */
const FROM_STOCK = "urn:openward:from-stock";

/** What one resource takes. */
export interface Taking extends Named {
  units: number;
  /** "Location/…" */
  place?: string | undefined;
  lot?: string | undefined;
  time?: string | undefined;
  /** Whether a resource without recorded portions has taken stock without a lot, at the default place. */
  isPlainWithout: boolean;
}

/** What a dispense takes; undefined: nothing yet. */
export function takingOfDispense(dispense: MedicationDispense | undefined): Taking | undefined {
  if (dispense?.status !== "completed") return undefined;
  return {
    concept: dispense.medicationCodeableConcept,
    reference: dispense.medicationReference,
    contained: dispense.contained,
    units: inStock(keptOf(dispense), dispense),
    place: localReference(dispense.location?.reference),
    lot: dispense.extension?.find(({ url }) => url === LOT)?.valueString,
    time: dispense.whenHandedOver,
    isPlainWithout: dispense.medicationReference === undefined,
  };
}

const part = (of: Extension | undefined, name: string): Extension | undefined => of?.extension?.find(({ url }) => url === name);

/** What a dose takes from stock; undefined: it was dispensed before. */
export function takingOfDose(dose: MedicationAdministration | undefined): Taking | undefined {
  const from = dose?.extension?.find(({ url }) => url === FROM_STOCK);
  if (dose?.status !== "completed" || !from) return undefined;
  return {
    concept: dose.medicationCodeableConcept,
    reference: dose.medicationReference,
    contained: dose.contained,
    units: unitsOf({ value: numberOf(part(from, "quantity")?.valueDecimal) ?? 0 }),
    place: localReference(part(from, "place")?.valueReference?.reference),
    lot: part(from, "lot")?.valueString,
    time: dose.effectiveDateTime ?? dose.effectivePeriod?.start,
    isPlainWithout: false,
  };
}

/** The extension that records a dose from stock. */
export const fromStockOf = ({ quantity, place, lot }: Where & { quantity: number }): Extension => ({
  url: FROM_STOCK,
  extension: [
    ...(place === undefined ? [] : [{ url: "place", valueReference: { reference: place } }]),
    ...(lot === undefined ? [] : [{ url: "lot", valueString: lot }]),
    { url: "quantity", valueDecimal: quantity },
  ],
});

/** How resources of one type take from stock. */
export interface TakingType<Of> {
  takingOf(resource: Of | undefined): Taking | undefined;
  /** Names of the rules, and the refusal of the first. */
  rules: { stock: string; lot: string };
  outOfStock: Refusal;
  /** FHIRPath of the medication. */
  at: string;
}

/** The effect on the stock. */
export interface TakenOff {
  movements: Movement[];
  changes: Identified[];
  refusals: { rule: string; refusal: Refusal }[];
  /** Whether the lots, or whether the pharmacy stocks it at all, were chosen by the present stock. */
  isChoice: boolean;
}

/** Prefix of the names of counters of resources that took nothing from stock, since the pharmacy did not stock the medication at that time. */
export const ELSEWHERE = "elsewhere/";
/** @param reference `Type/id` */
export const elsewhereCounter = (reference: string): string => ELSEWHERE + reference;

/** The portions that a stored resource has taken. */
export async function standingOf<Of extends { resourceType: string; id?: string; extension?: Extension[] }>(
  resource: Of | undefined,
  taking: Taking | undefined,
  tools: Pick<EffectTools, "counter">,
): Promise<Portion[]> {
  if (!taking) return [];
  const borne = portionsOf(resource);
  if (borne) return borne;
  for (const { system, code } of taking.isPlainWithout ? codesOf(taking.concept) : []) {
    if ((await tools.counter(stockCounter({ system, code }))) === undefined) continue;
    if (resource && (await tools.counter(elsewhereCounter(`${resource.resourceType}/${resource.id}`)))) return [];
    return [plainOf({ system, code }, taking.units)];
  }
  return [];
}

/** The movement of each shelf in units, negative if taken. */
export const movesOf = (portions: Portion[]): [counter: string, by: number][] =>
  plus([], portions).flatMap((it): [string, number][] => (it.quantity === 0 ? [] : [[counterOf(it), it.quantity]]));

/** The difference between what the next version of a dispense or a dose takes and what the one before took. */
export async function takenOff<Of extends (MedicationDispense | MedicationAdministration) & FhirResource>(
  { before, after, reference, now }: Change<Of>,
  tools: EffectTools,
  type: TakingType<Of>,
): Promise<TakenOff> {
  const [was, is] = [type.takingOf(before), type.takingOf(after)];
  const standing = await standingOf(before, was, tools);
  const moved = { time: (is ?? was)?.time, now };
  const isSame = was && is && JSON.stringify(was) === JSON.stringify(is);
  const elsewhere = elsewhereCounter(reference);
  const isNoted = is?.isPlainWithout === true && ((await tools.counter(elsewhere)) ?? 0) > 0;
  const chosen: Chosen =
    is && !isSame ? await chosenFor(is, standing, { tools, type, moved, isNoted }) : { portions: is ? standing : [], refusals: [] };
  const borne = isSame ? portionsOf(before) : chosen.borne;
  const next = is && after && withPortions(after, borne);
  const isAmended = JSON.stringify(next?.extension) !== JSON.stringify(after?.extension);
  const taken = chosen.portions;
  const bound = { min: 0, rule: type.rules.stock, refusal: type.outOfStock };
  const moves = movesOf([...standing, ...negative(taken)]);
  const names = new Set(taken.map(counterOf));
  return {
    movements: [
      ...(await shelfMovements(moves, moved, { bound, chosen: names }, tools)),
      // If a lot is blocked meanwhile, the choice is made again.
      ...(chosen.isElsewhere && !isNoted ? [{ counter: elsewhere, by: 1 }] : []),
      ...(isSame ? [] : taken.filter(({ lot }) => lot !== "").map((it) => ({ counter: blockedCounter(it), by: 0, isExact: true }))),
    ],
    changes: next && isAmended ? [{ ...next, id: splitPlace(reference)[1] }] : [],
    refusals: chosen.refusals,
    isChoice: is !== undefined && !isSame && chosen.isOpen === true,
  };
}

interface Chosen {
  portions: Portion[];
  /** The portions that the resource is to record. */
  borne?: Portion[];
  /** The pharmacy does not stock it: nothing is taken, even if it is stocked later. */
  isElsewhere?: boolean;
  /** Whether no lot was given. */
  isOpen?: boolean;
  refusals: TakenOff["refusals"];
}

async function chosenFor<Of>(
  taking: Taking,
  standing: Portion[],
  {
    tools,
    type,
    moved,
    isNoted,
  }: { tools: EffectTools; type: TakingType<Of>; moved: { time: string | undefined; now: Date }; isNoted: boolean },
): Promise<Chosen> {
  const item = await itemOf(taking, tools);
  const kept = await keptBy(item.codes, tools);
  if (!kept) return { portions: [], refusals: [], isElsewhere: taking.isPlainWithout, isOpen: true };
  const place = placeFrom(taking.place, kept);
  const lot = taking.lot ?? item.lot;
  const shelves = plus(kept.shelves, standing).filter((it) => it.place === place && it.medication.code === kept.medication.code);
  const { at, since } = momentOf(moved);
  const found = await takeFrom(shelves, { units: taking.units, lot, at, since, isAnyState: lot !== undefined }, tools);
  const refusals = await stateRefusals(item, { portions: found.portions, lot, at }, { tools, type });
  if (found.missing > 0) refusals.push({ rule: type.rules.stock, refusal: type.outOfStock });
  const elsewhere = found.first ?? { medication: kept.medication, place, lot: "", expires: "", quantity: 0 };
  const portions = found.missing > 0 ? plus(found.portions, [{ ...elsewhere, quantity: found.missing }]) : found.portions;
  const isAsBefore = !isNoted && taking.isPlainWithout && item.codes.length === 1 && portions.every(isPlain) && portions.length < 2;
  return {
    portions: portions.filter(({ quantity }) => counted(quantity) > 0),
    ...(!isAsBefore && { borne: portions }),
    isOpen: lot === undefined,
    refusals,
  };
}

/** Refuses a given lot that cannot be used. */
async function stateRefusals<Of>(
  item: MedicationLot,
  { portions, lot, at }: { portions: Portion[]; lot: string | undefined; at: number },
  { tools, type }: { tools: EffectTools; type: TakingType<Of> },
): Promise<TakenOff["refusals"]> {
  if (lot === undefined) return [];
  const states = await Promise.all(portions.map((it) => stateOf(it, at, tools)));
  const isExpired = states.includes("expired") || endOf({ expires: item.expires ?? "" }) < at;
  const refusal = isExpired ? lotExpired(lot) : states.includes("blocked") ? lotBlocked(lot) : undefined;
  return refusal ? [{ rule: type.rules.lot, refusal: refusalBy(refusal, type.at) }] : [];
}
