/** The effects of deliveries on stock: added, taken, or moved to another place. */
import type { SupplyDelivery } from "../../../fhir/r4.ts";
import { localReference, splitPlace } from "../../../federation/facts.ts";
import { ruleType } from "../../../mixins/fhir/rules/common.ts";
import type { EffectTools, FullEffect, Movement } from "../../../mixins/fhir/rules/effects.ts";
import { type Change, type Refusal, refusalBy } from "../../../mixins/fhir/rules/rule.ts";
import { momentOf, shelfMovements } from "../stock-book.ts";
import { lotDiffers, stockChanged, stockTooLow } from "../pharmacy.errors.ts";
import { unitsOf } from "../pharmacy.model.ts";
import { returnOf } from "../returns.model.ts";
import { bookedBefore, isWithdrawal, originOf } from "../stocktaking.model.ts";
import { type KeptMedication, keptBy, placeFrom, shelvesOfLot, takeFrom } from "./books.ts";
import { itemOf, type MedicationLot } from "./item.ts";
import { counterOf, isPlain, negative, plus, type Portion, portionsOf, withPortions } from "./portions.model.ts";
import { inStock } from "./stock-unit.ts";
import { movesOf, standingOf } from "./taking.ts";

/** Whether a delivery moves stock by itself: a completed one, unless its type says that it is no medication; and no return, which moves the dispensed portions. */
export const isArrived = (delivery: SupplyDelivery | undefined): delivery is SupplyDelivery =>
  delivery?.status === "completed" && returnOf(delivery) === undefined && mayBeMedication(delivery);

/** R4 does not require the type. */
function mayBeMedication({ type }: SupplyDelivery): boolean {
  const codes = (type?.coding ?? []).flatMap(({ code }) => code ?? []);
  return codes.length === 0 || codes.includes("medication");
}

/** The medication that a delivery names. */
export const namedIn = ({ suppliedItem, contained }: SupplyDelivery) => ({
  concept: suppliedItem?.itemCodeableConcept,
  reference: suppliedItem?.itemReference,
  contained,
});

/** The portions of a delivery with their sign on the shelves: added, taken, or moved from origin to destination. */
export function onShelves(delivery: SupplyDelivery, portions: Portion[]): Portion[] {
  if (isWithdrawal(delivery)) return negative(portions);
  if (originOf(delivery) === undefined) return portions;
  return [...negative(portions), ...portions.map((it) => ({ ...it, place: destinationOf(delivery) }))];
}

/** Quantity in the stock's unit. */
export const unitsIn = (delivery: SupplyDelivery): number => inStock(unitsOf(delivery.suppliedItem?.quantity), delivery);

const destinationOf = ({ destination }: SupplyDelivery): string => localReference(destination?.reference) ?? "";

async function standing(delivery: SupplyDelivery | undefined, tools: EffectTools): Promise<Portion[]> {
  if (!isArrived(delivery)) return [];
  const named = namedIn(delivery);
  const units = unitsIn(delivery);
  const known = await standingOf(delivery, { ...named, units, isPlainWithout: named.reference === undefined }, tools);
  return onShelves(delivery, known);
}

const essence = (delivery: SupplyDelivery): string =>
  JSON.stringify([namedIn(delivery), delivery.suppliedItem?.quantity, delivery.destination, isWithdrawal(delivery), originOf(delivery)]);

const cannotBeUndone: Refusal = {
  code: 409,
  type: ruleType("supply-delivery-stock"),
  message: "Its quantity has been dispensed or moved: undo that first.",
  at: "SupplyDelivery.status",
};

/** The effect of a delivery that is not a return. @throws 409 STOCK_CHANGED */
export async function delivered({ before, after, reference, now }: Change<SupplyDelivery>, tools: EffectTools): Promise<FullEffect> {
  const stood = await standing(before, tools);
  const moved = { time: (after ?? before)?.occurrenceDateTime, now };
  const isSame = isArrived(before) && isArrived(after) && essence(before) === essence(after);
  const settled = isArrived(after) && !isSame ? await settle(after, stood, { tools, moved }) : NOTHING;
  const stands = isSame ? stood : isArrived(after) ? onShelves(after, settled.portions) : [];
  const borne = isSame ? portionsOf(before) : settled.borne;
  const next = isArrived(after) ? withPortions(after, borne) : undefined;
  const isAmended = next !== undefined && JSON.stringify(next.extension) !== JSON.stringify(after?.extension);
  const isTaking = isWithdrawal(after) || originOf(after) !== undefined;
  const refusal = isTaking ? refusalBy(stockTooLow(), "SupplyDelivery.suppliedItem.quantity") : cannotBeUndone;
  const bound = { min: 0, rule: "supply-delivery-stock", refusal };
  const chosen = new Set(isTaking ? settled.portions.map(counterOf) : []);
  const movements = await shelfMovements(movesOf([...negative(stood), ...stands]), moved, { bound, chosen }, tools);
  const isBooked = !before && bookedBefore(after) !== undefined;
  return {
    movements: isBooked ? [...movements.map((it) => ({ ...it, isExact: true })), ...settled.seen] : movements,
    changes: isAmended ? [{ ...next, id: splitPlace(reference)[1] }] : [],
    refusals: settled.refusals,
  };
}

interface Settled {
  portions: Portion[];
  /** The portions that the delivery is to record. */
  borne?: Portion[];
  /** Shelves with which a count was compared: they must not change meanwhile. */
  seen: Movement[];
  refusals: FullEffect["refusals"];
}

const NOTHING: Settled = { portions: [], seen: [], refusals: [] };

/** The shelves of a delivery. */
async function settle(
  delivery: SupplyDelivery,
  stood: Portion[],
  { tools, moved }: { tools: EffectTools; moved: { time: string | undefined; now: Date } },
): Promise<Settled> {
  const item = await itemOf(namedIn(delivery), tools);
  const [first] = item.codes;
  if (!first) return NOTHING;
  const known = await keptBy(item.codes, tools);
  const kept = known ?? { medication: { system: first.system, code: first.code }, shelves: [] };
  const own = { ...kept, shelves: plus(kept.shelves, negative(stood)) };
  const isTaking = isWithdrawal(delivery) || originOf(delivery) !== undefined;
  const settled = isTaking ? await takes(delivery, own, { item, tools, moved }) : brings(delivery, own, item);
  const seen = seenBy(delivery, own, item.lot);
  const isReferenced = delivery.suppliedItem?.itemReference !== undefined;
  const isAsBefore =
    !isReferenced &&
    originOf(delivery) === undefined &&
    item.codes.length === 1 &&
    settled.portions.length < 2 &&
    settled.portions.every(isPlain);
  return { ...settled, seen, ...(!isAsBefore && { borne: settled.portions }) };
}

/** Adds to the shelf of its place and lot; a lot has one expiry date. */
function brings(delivery: SupplyDelivery, { medication, shelves }: KeptMedication, item: MedicationLot): Omit<Settled, "seen"> {
  const { lot = "", expires } = item;
  const others = lot === "" ? [] : shelves.filter((it) => it.lot === lot && it.quantity > 0);
  const known = others.find((it) => it.expires !== "")?.expires;
  const quantity = unitsIn(delivery);
  const portion = { medication, place: destinationOf(delivery), lot, expires: lot === "" ? "" : (expires ?? known ?? ""), quantity };
  const isOther = known !== undefined && expires !== undefined && known !== expires;
  const refusal = isOther ? refusalBy(lotDiffers(lot), "SupplyDelivery.suppliedItem") : undefined;
  return { portions: [portion], refusals: refusal ? [{ rule: "supply-delivery-lot", refusal }] : [] };
}

/** Takes from the shelves of its place: a disposal may take expired lots, and so may one with a given lot. */
async function takes(
  delivery: SupplyDelivery,
  kept: KeptMedication,
  { item, tools, moved }: { item: MedicationLot; tools: EffectTools; moved: { time: string | undefined; now: Date } },
): Promise<Omit<Settled, "seen">> {
  const asked = originOf(delivery) ?? destinationOf(delivery);
  const place = asked === "" && originOf(delivery) === undefined ? placeFrom(undefined, kept) : asked;
  const { at, since } = momentOf(moved);
  const isAnyState = isWithdrawal(delivery) || item.lot !== undefined;
  const shelves = kept.shelves.filter((it) => it.place === place);
  const wish = { units: unitsIn(delivery), lot: item.lot, at, since, isAnyState };
  const { portions, missing, first } = await takeFrom(shelves, wish, tools);
  if (missing === 0) return { portions, refusals: [] };
  const from = first ?? { medication: kept.medication, place, lot: "", expires: "", quantity: 0 };
  const refusal = refusalBy(stockTooLow(), "SupplyDelivery.suppliedItem.quantity");
  return { portions: plus(portions, [{ ...from, quantity: missing }]), refusals: [{ rule: "supply-delivery-stock", refusal }] };
}

/** The shelves with which a count was compared. @throws 409 STOCK_CHANGED */
function seenBy(delivery: SupplyDelivery, kept: KeptMedication, lot: string | undefined): Movement[] {
  const booked = bookedBefore(delivery);
  if (booked === undefined) return [];
  const shelves = shelvesCounted(kept, { place: destinationOf(delivery), lot });
  if (sumOf(shelves) !== booked) throw stockChanged();
  return shelves.map((it) => ({ counter: counterOf(it), by: 0, isExact: true }));
}

/** The shelves of a count, at a place or of one lot there. */
export function shelvesCounted(kept: KeptMedication, { place, lot }: { place: string; lot: string | undefined }): Portion[] {
  const at = place === "" ? placeFrom(undefined, kept) : place;
  const here = kept.shelves.filter((it) => it.place === at);
  return lot === undefined ? here : shelvesOfLot(here, lot).filter((it) => it.lot === lot);
}

/** The sum of units on shelves. */
export const sumOf = (shelves: Portion[]): number =>
  plus(
    [],
    shelves.map((it) => ({ ...it, lot: "", expires: "", place: "" })),
  )[0]?.quantity ?? 0;
