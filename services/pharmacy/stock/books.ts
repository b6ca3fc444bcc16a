/** The books of the stock: what lies on which shelf, and which of it is to be taken. */
import type { EffectTools } from "../../../mixins/fhir/rules/effects.ts";
import { counted } from "../../../store/counted.ts";
import type { Store } from "../../../store/store.ts";
import { leastKept } from "../stock-book.ts";
import type { Code } from "../pharmacy.contract.ts";
import { stockCounter } from "../pharmacy.model.ts";
import { blockedCounter, byExpiry, counterOf, endOf, lotsOf, type Portion, type Shelf, shelfOfCounter } from "./portions.model.ts";

/** Where counters are read. */
export type Books = Pick<EffectTools, "counter" | "counters">;

/** Shelves of one medication that are looked at: of 100 lots a year in ten places, ten years. */
const MAX_SHELVES = 10_000;

/** The books of a store, outside of a write. */
export const booksOf = (store: Store): Books => ({
  counter: async (name) => {
    const [first] = await store.counters(name, 1);
    return first?.name === name ? first.value : undefined;
  },
  counters: (prefix) => store.counters(prefix, MAX_SHELVES),
});

/** All shelves on which a medication ever lay, with what lies there. */
export async function shelvesOf(medication: Shelf["medication"], books: Books): Promise<Portion[]> {
  const [plain, lots] = [await books.counter(stockCounter(medication)), await books.counters(lotsOf(medication))];
  const all = plain === undefined ? lots : [{ name: stockCounter(medication), value: plain }, ...lots];
  return all.flatMap(({ name, value }) => {
    const shelf = shelfOfCounter(name);
    return shelf ? [{ ...shelf, quantity: value }] : [];
  });
}

/** A medication that the pharmacy has taken in at some time. */
export interface KeptMedication {
  medication: Shelf["medication"];
  shelves: Portion[];
}

/** What is kept by one of these codes; undefined: the pharmacy never took it in. */
export async function keptBy(codes: Code[], books: Books): Promise<KeptMedication | undefined> {
  for (const { system, code } of codes) {
    const shelves = await shelvesOf({ system, code }, books);
    if (shelves.length > 0) return { medication: { system, code }, shelves };
  }
  return undefined;
}

/**
 * From which place a medication is taken: from the one that is named, if it has its own stock of it; else from the default place; else from
 * the only one that has.
 */
export function placeFrom(asked: string | undefined, { shelves }: KeptMedication): string {
  const places = new Set(shelves.map(({ place }) => place));
  if (asked !== undefined && places.has(asked)) return asked;
  const [only = ""] = places;
  return places.size === 1 ? only : "";
}

/** What is to be taken from the shelves of one place. */
export interface Withdrawal {
  units: number;
  /** This lot; where the books do not know it, what was received without lot. */
  lot?: string | undefined;
  /** When it is taken, milliseconds since 1970. */
  at: number;
  /** The day of it, when it is written down on a later one. */
  since?: number | undefined;
  /** Also what has expired or is blocked: to be thrown away, or moved. */
  isAnyState?: boolean;
}

/** What is taken of which shelf. */
export interface Taken {
  portions: Portion[];
  /** Units that are not there. */
  missing: number;
  /** From where the missing ones would be taken. */
  first: Portion | undefined;
}

/** Whether a lot may be used at a moment: "expired", "blocked"; undefined: it may. */
export async function stateOf(shelf: Shelf, at: number, books: Books): Promise<"expired" | "blocked" | undefined> {
  if (endOf(shelf) < at) return "expired";
  const blocked = shelf.lot === "" ? 0 : await books.counter(blockedCounter(shelf));
  return (blocked ?? 0) > 0 ? "blocked" : undefined;
}

/** The shelves of a lot; of all lots, where none is named. */
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
