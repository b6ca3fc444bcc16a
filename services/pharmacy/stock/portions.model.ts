/** Shelves by place, medication and lot, and the portions that resources have moved. Plain data in, plain data out. */
import { intervalOf } from "../../../fhir/dates.ts";
import { numberOf, parseJson } from "../../../fhir/json.ts";
import type { Extension } from "../../../fhir/r4.ts";
import { localReference } from "../../../federation/facts.ts";
import type { StepResult } from "../../../federation/owner-contract.ts";
import { OWN_EXTENSIONS } from "../../../mixins/fhir/rules/final.ts";
import { counted } from "../../../store/counted.ts";
import type { Code, LotUnits } from "../pharmacy.contract.ts";
import { codeOfCounter, STOCK, stockCounter } from "../pharmacy.model.ts";

/** Prefix of the names of counters of shelves with a lot, or at another than the default place. */
export const LOTS = "lots/";
/** Prefix of the names of counters of blocked lots. */
export const BLOCKED = "blocked/";

/**
 * URL of an extension of a dispense, an administration or a delivery: the portions that it has moved, with lot and place. Absent: it has moved
 * stock without a lot, at the default place.
 */
const PORTION = OWN_EXTENSIONS.lot;

/** One shelf. "" stands for the default place, no lot, and an unknown expiry. */
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

/** Parts of a counter's name. An unpaired surrogate, which no name contains, becomes the replacement character. */
export const partsOf = (parts: string[]): string => parts.map((part) => encodeURIComponent(part.toWellFormed())).join("/");

/** Prefix of the names of all counters of a medication's lots. */
export const lotsOf = ({ system, code }: Shelf["medication"]): string => `${LOTS}${partsOf([`${system}|${code}`])}/`;

/** The counter of a shelf. That of stock without a lot at the default place is `stockCounter`, as before lots were introduced. */
export function counterOf({ medication, place, lot, expires }: Shelf): string {
  if (isPlain({ place, lot, expires })) return stockCounter(medication);
  return lotsOf(medication) + partsOf([place, expires, lot]);
}

/** A portion without a lot, at the default place. */
export const plainOf = ({ system, code }: Shelf["medication"], quantity: number): Portion => ({
  medication: { system, code },
  place: "",
  lot: "",
  expires: "",
  quantity,
});

/** Whether it is the shelf without a lot, at the default place. */
export const isPlain = ({ place, lot, expires }: Pick<Shelf, "place" | "lot" | "expires">): boolean => place + lot + expires === "";

/** The shelf of a counter; undefined: it is another counter. */
export function shelfOfCounter(counter: string): Shelf | undefined {
  if (counter.startsWith(STOCK)) return { medication: codeOfCounter(counter), place: "", lot: "", expires: "" };
  if (!counter.startsWith(LOTS)) return undefined;
  const [medication = "", place = "", expires = "", lot = ""] = counter.slice(LOTS.length).split("/").map(decodeURIComponent);
  return { medication: codeOfCounter(STOCK + medication), place, lot, expires };
}

/** Counts the Medications that block a lot. */
export const blockedCounter = ({ medication: { system, code }, lot }: Pick<Shelf, "medication" | "lot">): string =>
  BLOCKED + partsOf([`${system}|${code}`, lot]);

/** The end of the day on which a lot expires, milliseconds since 1970; Infinity if it is unknown. */
export const endOf = ({ expires }: Pick<Shelf, "expires">): number => intervalOf(expires)?.[1] ?? Number.POSITIVE_INFINITY;

/** Order of first expired, first out; lots without a date come last. */
export const byExpiry = (a: Shelf, b: Shelf): number => endOf(a) - endOf(b) || (a.lot < b.lot ? -1 : 1);

const part = (of: Extension, name: string): Extension | undefined => of.extension?.find(({ url }) => url === name);

/** The portions that a resource records; undefined: none. */
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

/** The portions of a write, as stored. */
export const portionsIn = ({ json }: Pick<StepResult, "json">): Portion[] | undefined =>
  json === undefined ? undefined : portionsOf(parseJson(json) as { extension?: Extension[] });

/** The resource with these portions recorded; undefined: without any. */
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

/** The sum of portions, one for each shelf. */
export function plus(portions: Portion[], others: Portion[]): Portion[] {
  const all = new Map(portions.map((it) => [counterOf(it), it]));
  for (const it of others) {
    const name = counterOf(it);
    all.set(name, { ...it, quantity: counted((all.get(name)?.quantity ?? 0) + it.quantity) });
  }
  return [...all.values()];
}

/** The portions with the opposite sign. */
export const negative = (portions: Portion[]): Portion[] => portions.map((it) => ({ ...it, quantity: -it.quantity }));

/** The last of these portions, up to a number of units. @param lot of this one only */
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

/** A portion as callers get it. */
export const lotUnitsOf = ({ place, lot, expires, quantity }: Portion): LotUnits => ({
  lot,
  quantity,
  ...(expires !== "" && { expires }),
  ...(place !== "" && { place }),
});
