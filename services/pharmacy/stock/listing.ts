/** Lists the stock, in total or by place and lot. */
import type { FhirResource, MedicationDispense, Stored } from "../../../fhir/r4.ts";
import { splitPlace } from "../../../federation/facts.ts";
import { keyedCall } from "../../../mesh/keyed-request.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import type { Store } from "../../../store/store.ts";
import { counted } from "../../../store/counted.ts";
import type { LotProposal, StockItem, StockOfLot } from "../stock.contract.ts";
import { codeOfCounter, STOCK, stockCounter } from "../pharmacy.model.ts";
import { booksOf, type Books, keptBy, placeFrom, shelvesOf, stateOf, takeFrom } from "./books.ts";
import { sumOf } from "./deliveries.ts";
import { itemOf } from "./item.ts";
import { unitsNamed } from "./stock-unit.ts";
import { standingOf, takingOfDispense } from "./taking.ts";
import { byExpiry, endOf, LOTS, lotUnitsOf, type Portion, type Shelf, shelfOfCounter } from "./portions.model.ts";

/** Items, and lots, in one answer. */
const MAX_ITEMS = 1_000;
/** Counters from which an answer is made, 200 bytes each; only a pharmacy that never counts has more. */
const MAX_COUNTERS = 100_000;
const DAY_MS = 86_400_000;

/** `system|code` */
const medicationIn = (text: string): Shelf["medication"] => codeOfCounter(STOCK + text);

/** The shelves of one medication, or of all. */
export async function shelvesIn(store: Store, medication: string | undefined): Promise<Portion[]> {
  if (medication !== undefined) return shelvesOf(medicationIn(medication), booksOf(store));
  const all = await Promise.all([STOCK, LOTS].map((prefix) => store.counters(prefix, MAX_COUNTERS)));
  return all.flat().flatMap(({ name, value }) => {
    const shelf = shelfOfCounter(name);
    return shelf ? [{ ...shelf, quantity: value }] : [];
  });
}

/** The stock by medication, over all lots and places. */
export async function stockOf(store: Store, medication?: string): Promise<StockItem[]> {
  const items = new Map<string, StockItem>();
  for (const { medication: of, quantity } of await shelvesIn(store, medication)) {
    const name = stockCounter(of);
    items.set(name, { medication: of, quantity: counted((items.get(name)?.quantity ?? 0) + quantity) });
  }
  for (const { medication: of, unit } of await unitsNamed(
    store,
    medication === undefined ? undefined : medicationIn(medication),
    MAX_COUNTERS,
  )) {
    const item = items.get(stockCounter(of));
    if (item) item.unit ??= unit;
  }
  const inOrder = [...items].sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrder.slice(0, MAX_ITEMS).map(([, item]) => item);
}

/** The stock of a medication over all places. */
export const unitsOfMedication = async (store: Store, { system, code }: Shelf["medication"]): Promise<number> =>
  (await stockOf(store, `${system}|${code}`))[0]?.quantity ?? 0;

/** The recorded stock after a movement; that of a keyed request is added, since it is not visible before the answer. */
export const afterMoving = (booked: number, moved: number): number => (keyedCall() ? counted(booked + moved) : booked);

/** Units that a dispense has taken from stock and that were not returned. */
export const takenBy = async (store: Store, dispense: Stored<MedicationDispense>): Promise<number> =>
  sumOf(await standingOf(dispense, takingOfDispense(dispense), booksOf(store)));

/** The stock of a dispensed medication after a movement; undefined: the pharmacy never received it. */
export async function unitsLeft(
  { fhir, store }: WithFhir,
  { medicationCodeableConcept: concept, medicationReference: reference, contained }: Stored<MedicationDispense>,
  moved: number,
): Promise<number | undefined> {
  const read = async <Of extends FhirResource>(place: string) =>
    (await fhir.read("Medication", splitPlace(place)[1])) as (Of & { id: string }) | undefined;
  const { codes } = await itemOf({ concept, reference, contained }, { read });
  const kept = await keptBy(codes, booksOf(store));
  return kept && afterMoving(await unitsOfMedication(store, kept.medication), moved);
}

/** Filter of lots. */
export interface LotsAsked {
  medication?: string;
  /** "default" is the default one. */
  place?: string;
  /** Only those that expire within this number of days. */
  days?: number;
}

/** Lots in stock. */
export async function lotsOf(store: Store, { medication, place, days }: LotsAsked, now: Date): Promise<StockOfLot[]> {
  const books = booksOf(store);
  const wanted = place === "default" ? "" : place;
  const last = days === undefined ? Number.POSITIVE_INFINITY : now.getTime() + days * DAY_MS;
  const shelves = (await shelvesIn(store, medication))
    .filter((it) => it.quantity !== 0 && (wanted === undefined || it.place === wanted))
    .filter((it) => days === undefined || endOf(it) <= last)
    .sort(byExpiry)
    .slice(0, MAX_ITEMS);
  return Promise.all(shelves.map((it) => shown(it, now, books)));
}

async function shown(shelf: Portion, now: Date, books: Books): Promise<StockOfLot> {
  const unusable = await stateOf(shelf, now.getTime(), books);
  return { medication: shelf.medication, ...lotUnitsOf(shelf), ...(unusable && { unusable }) };
}

/** The lots that a dispense without a given lot would take now. */
export async function proposal(
  store: Store,
  { medication, quantity: units, place }: { medication: string; quantity: number; place?: string },
  now: Date,
): Promise<LotProposal> {
  const books = booksOf(store);
  const kept = await keptBy([medicationIn(medication)], books);
  if (!kept) return { lots: [], missing: units };
  const at = place ?? placeFrom(undefined, kept);
  const shelves = kept.shelves.filter((it) => it.place === at);
  const { portions, missing } = await takeFrom(shelves, { units, at: now.getTime() }, books);
  return { lots: portions.map(lotUnitsOf), missing };
}
