/** Values of FHIR as text: codes, numbers, quantities, money. Apart from the names of people, which every page shows. */
import type { CodeableConcept, Quantity } from "../../../../fhir/r4.ts";
import { moneyText } from "./money.ts";
import { isInTwoWays } from "./numbers.ts";
import { testNamed } from "./test-names.ts";
import { locale, numberIn, t } from "./texts.ts";
import { unitOf } from "./units.ts";

/** The meaning of a code as text. */
export function conceptOf({ text, coding = [] }: CodeableConcept = {}): string {
  // A text that differs from the code's display was written by a person; displays are translated.
  const isOwn = text !== undefined && !coding.some(({ display }) => display === text);
  const named = isOwn ? undefined : coding.map(testNamed).find((name) => name !== undefined);
  return named ?? text ?? coding.find(({ display }) => display)?.display ?? coding[0]?.code ?? "";
}

/**
 * A number as it is typed in the language: without separators of thousands, with all its decimals, and with a point where a comma could be read in two
 * ways.
 */
export function typedIn(value: number): string {
  const text = numberIn(value, { useGrouping: false, maximumFractionDigits: 20 });
  return isInTwoWays(text) ? `${value}` : text;
}

/** A quantity with its unit; without a unit, a number of units. */
export const countText = ({ value = 0, unit, code }: Quantity): string =>
  unit === undefined && code === undefined ? t("units", { n: value }) : quantityOf({ value, ...(unit && { unit }), ...(code && { code }) });

/** A measured number: a small one is not rounded to nothing. */
export const measureIn = (value: number): string =>
  numberIn(value, Math.abs(value) < 1 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 3 });

/** A measured value with its unit; both stay together, in this order in every script. @param before text before the number */
export function quantityOf({ comparator, value, unit, code }: Quantity, before = ""): string {
  const words = [`${before}${comparator ?? ""}${value === undefined ? "" : measureIn(value)}`, unitOf(unit ?? code ?? "")].filter(Boolean);
  return `\u2066${words.join("\u00a0")}\u2069`;
}

/** An amount of money. @param cents in the minor unit of the currency */
export const moneyOf = (cents: number, currency: string): string => moneyText(cents, currency, locale.value);
