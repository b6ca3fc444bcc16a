/** Reads the stock by shelf, and selects the portions to take. */
import type { EffectTools } from "../../../mixins/fhir/rules/effects.ts";
import { counted } from "../../../store/counted.ts";
import type { Store } from "../../../store/store.ts";
import { leastKept } from "../stock-book.ts";
import type { Code } from "../pharmacy.contract.ts";
import { stockCounter } from "../pharmacy.model.ts";
import { blockedCounter, byExpiry, counterOf, endOf, lotsOf, type Portion, type Shelf, shelfOfCounter } from "./portions.model.ts";

/** Source of counters. */
export type Books = Pick<EffectTools, "counter" | "counters">;

/** Shelves of one medication that are read: 100 lots a year at ten places, for ten years. */
const MAX_SHELVES = 10_000;

/** The counters of a store, outside of a write. */
export const booksOf = (store: Store): Books => ({
  counter: async (name) => {
    const [first] = await store.counters(name, 1);
    return first?.name === name ? first.value : undefined;
  },
  counters: (prefix) => store.counters(prefix, MAX_SHELVES),
});

/** All shelves that a medication ever had, with their stock. */
export async function shelvesOf(medication: Shelf["medication"], books: Books): Promise<Portion[]> {
  const [plain, lots] = [await books.counter(stockCounter(medication)), await books.counters(lotsOf(medication))];
  const all = plain === undefined ? lots : [{ name: stockCounter(medication), value: plain }, ...lots];
  return all.flatMap(({ name, value }) => {
    const shelf = shelfOfCounter(name);
    return shelf ? [{ ...shelf, quantity: value }] : [];
  });
}

/** A medication that the pharmacy has received at some time. */
export interface KeptMedication {
  medication: Shelf["medication"];
  shelves: Portion[];
}

/** The stock of the first of these codes that the pharmacy has; undefined: it never received any. */
export async function keptBy(codes: Code[], books: Books): Promise<KeptMedication | undefined> {
  for (const { system, code } of codes) {
    const shelves = await shelvesOf({ system, code }, books);
    if (shelves.length > 0) return { medication: { system, code }, shelves };
  }
  return undefined;
}

/**
 * The place from which a medication is taken: the given one, if it has stock of its own; otherwise the default place; otherwise
 * the only one with stock.
 */
export function placeFrom(asked: string | undefined, { shelves }: KeptMedication): string {
  const places = new Set(shelves.map(({ place }) => place));
  if (asked !== undefined && places.has(asked)) return asked;
  const [only = ""] = places;
  return places.size === 1 ? only : "";
}

/** A withdrawal from the shelves of one place. */
export interface Withdrawal {
  units: number;
  /** The given lot; if it is unknown, units that were received without a lot. */
  lot?: string | undefined;
  /** Time of the withdrawal, milliseconds since 1970. */
  at: number;
  /** Its day, if it is entered on a later one. */
  since?: number | undefined;
  /** Whether expired or blocked lots may be taken: for disposal, or transfer. */
  isAnyState?: boolean;
}

/** The portions of a withdrawal, by shelf. */
export interface Taken {
  portions: Portion[];
  /** Units that are not in stock. */
  missing: number;
  /** The shelf from which the missing units would be taken. */
  first: Portion | undefined;
}

/** Whether a lot can be used at a time: "expired", "blocked"; undefined: it can. */
export async function stateOf(shelf: Shelf, at: number, books: Books): Promise<"expired" | "blocked" | undefined> {
  if (endOf(shelf) < at) return "expired";
  const blocked = shelf.lot === "" ? 0 : await books.counter(blockedCounter(shelf));
  return (blocked ?? 0) > 0 ? "blocked" : undefined;
}

/** The shelves of a lot, or of all lots. */
export function shelvesOfLot(shelves: Portion[], lot: string | undefined): Portion[] {
  const own = lot === undefined ? shelves : shelves.filter((it) => it.lot === lot);
  return (own.length > 0 ? own : shelves.filter((it) => it.lot === "")).toSorted(byExpiry);
}

/** First expired, first out. @param shelves of one medication at one place */
export async function takeFrom(shelves: Portion[], { units, lot, at, since, isAnyState }: Withdrawal, books: Books): Promise<Taken> {
  const portions: Portion[] = [];
  let missing = units;
  const inOrder = shelvesOfLot(shelves, lot);
  for (const shelf of inOrder) {
    if (missing <= 0) break;
    if (shelf.quantity <= 0 || (!isAnyState && (await stateOf(shelf, at, books)) !== undefined)) continue;
    const kept = since === undefined ? 0 : await leastKept(counterOf(shelf), since, books);
    const quantity = Math.min(missing, counted(shelf.quantity - Math.max(0, kept)));
    if (quantity <= 0) continue;
    portions.push({ ...shelf, quantity });
    missing = counted(missing - quantity);
  }
  return { portions, missing, first: inOrder[0] };
}
