/** What lies where: shelves by place, medication and lot, and how much of which a resource has moved. Plain data in, plain data out. */
import { intervalOf } from "../../../fhir/dates.ts";
import { numberOf, parseJson } from "../../../fhir/json.ts";
import type { Extension } from "../../../fhir/r4.ts";
import { localReference } from "../../../federation/facts.ts";
import type { StepResult } from "../../../federation/owner-contract.ts";
import { OWN_EXTENSIONS } from "../../../mixins/fhir/rules/final.ts";
import { counted } from "../../../store/counted.ts";
import type { Code, LotUnits } from "../pharmacy.contract.ts";
import { codeOfCounter, STOCK, stockCounter } from "../pharmacy.model.ts";

/** Begins the names of counters of lots, and of those that are not at the default place. */
export const LOTS = "lots/";
/** Begins the names of counters of lots that are blocked. */
export const BLOCKED = "blocked/";

/**
 * Of a dispense, an administration or a delivery: how much of which lot it has moved, and where. Absent: it has moved what has no lot, at
 * the default place.
 */
const PORTION = OWN_EXTENSIONS.lot;

/** One shelf: "" is the default place, a lot that nobody has named, an expiry that is not known. */
export interface Shelf {
  medication: Pick<Code, "system" | "code">;
  /** "Location/…" */
  place: string;
  lot: string;
  /** FHIR date */
  expires: string;
}

/** Units of one shelf. */
export interface Portion extends Shelf {
  quantity: number;
}

/** Parts of a counter's name. Half a pair of UTF-16, which no name has, is taken for a sign that nobody can read. */
export const partsOf = (parts: string[]): string => parts.map((part) => encodeURIComponent(part.toWellFormed())).join("/");

/** Begins the names of all counters of lots of a medication. */
export const lotsOf = ({ system, code }: Shelf["medication"]): string => `${LOTS}${partsOf([`${system}|${code}`])}/`;

/** The counter that holds the units of a shelf. Those of no lot at the default place are `stockCounter`, as before there were lots. */
export function counterOf({ medication, place, lot, expires }: Shelf): string {
  if (isPlain({ place, lot, expires })) return stockCounter(medication);
  return lotsOf(medication) + partsOf([place, expires, lot]);
}

/** Units of what has no lot, at the default place. */
export const plainOf = ({ system, code }: Shelf["medication"], quantity: number): Portion => ({
  medication: { system, code },
  place: "",
  lot: "",
  expires: "",
  quantity,
});

/** Whether it is the shelf of what has no lot, at the default place. */
export const isPlain = ({ place, lot, expires }: Pick<Shelf, "place" | "lot" | "expires">): boolean => place + lot + expires === "";

/** The shelf of a counter; undefined: it is another counter. */
export function shelfOfCounter(counter: string): Shelf | undefined {
  if (counter.startsWith(STOCK)) return { medication: codeOfCounter(counter), place: "", lot: "", expires: "" };
  if (!counter.startsWith(LOTS)) return undefined;
  const [medication = "", place = "", expires = "", lot = ""] = counter.slice(LOTS.length).split("/").map(decodeURIComponent);
  return { medication: codeOfCounter(STOCK + medication), place, lot, expires };
}

/** Counts who says that a lot is not to be used. */
export const blockedCounter = ({ medication: { system, code }, lot }: Pick<Shelf, "medication" | "lot">): string =>
  BLOCKED + partsOf([`${system}|${code}`, lot]);

/** The last moment of the day on which a lot may be used. Milliseconds since 1970; Infinity when that is not known. */
export const endOf = ({ expires }: Pick<Shelf, "expires">): number => intervalOf(expires)?.[1] ?? Number.POSITIVE_INFINITY;

/** First expired, first out; what has no date goes last. */
export const byExpiry = (a: Shelf, b: Shelf): number => endOf(a) - endOf(b) || (a.lot < b.lot ? -1 : 1);

const part = (of: Extension, name: string): Extension | undefined => of.extension?.find(({ url }) => url === name);

/** What a resource has moved, as it bears it; undefined: it bears nothing. */
export function portionsOf(resource: { extension?: Extension[] } | undefined): Portion[] | undefined {
  const own = resource?.extension?.filter(({ url }) => url === PORTION) ?? [];
  if (own.length === 0) return undefined;
  return own.map((it) => {
    const { system = "", code = "" } = part(it, "medication")?.valueCoding ?? {};
    return {
      medication: { system, code },
      place: localReference(part(it, "place")?.valueReference?.reference) ?? "",
      lot: part(it, "lot")?.valueString ?? "",
      expires: part(it, "expires")?.valueDateTime ?? "",
      quantity: counted(numberOf(part(it, "quantity")?.valueDecimal) ?? 0),
    };
  });
}

/** What has moved by a write, as it was stored. */
export const portionsIn = ({ json }: Pick<StepResult, "json">): Portion[] | undefined =>
  json === undefined ? undefined : portionsOf(parseJson(json) as { extension?: Extension[] });

/** The resource with what it has moved; undefined: with none. */
export function withPortions<Of extends { extension?: Extension[] }>(resource: Of, portions: Portion[] | undefined): Of {
  const { extension = [], ...rest } = resource;
  const all = [...extension.filter(({ url }) => url !== PORTION), ...(portions ?? []).map(extensionOf)];
  return { ...rest, ...(all.length > 0 && { extension: all }) } as Of;
}

const extensionOf = ({ medication: { system, code }, place, lot, expires, quantity }: Portion): Extension => ({
  url: PORTION,
  extension: [
    { url: "medication", valueCoding: { ...(system !== "" && { system }), code } },
    ...(place === "" ? [] : [{ url: "place", valueReference: { reference: place } }]),
    ...(lot === "" ? [] : [{ url: "lot", valueString: lot }]),
    ...(expires === "" ? [] : [{ url: "expires", valueDateTime: expires }]),
    { url: "quantity", valueDecimal: quantity },
  ],
});

/** The same portions with others added to them, one for each shelf. */
export function plus(portions: Portion[], others: Portion[]): Portion[] {
  const all = new Map(portions.map((it) => [counterOf(it), it]));
  for (const it of others) {
    const name = counterOf(it);
    all.set(name, { ...it, quantity: counted((all.get(name)?.quantity ?? 0) + it.quantity) });
  }
  return [...all.values()];
}

/** The same portions, taken away. */
export const negative = (portions: Portion[]): Portion[] => portions.map((it) => ({ ...it, quantity: -it.quantity }));

/** So many units of these portions, the last first. @param lot of this one only */
export function lastOf(portions: Portion[], units: number, lot?: string): { portions: Portion[]; missing: number } {
  let missing = units;
  const back: Portion[] = [];
  for (const it of portions.toReversed()) {
    if (lot !== undefined && it.lot !== lot) continue;
    const quantity = Math.min(it.quantity, missing);
    if (quantity <= 0) continue;
    back.push({ ...it, quantity });
    missing = counted(missing - quantity);
  }
  return { portions: back, missing };
}

/** A portion as callers see it. */
export const lotUnitsOf = ({ place, lot, expires, quantity }: Portion): LotUnits => ({
  lot,
  quantity,
  ...(expires !== "" && { expires }),
  ...(place !== "" && { place }),
});
