/** Values of FHIR as text: codes, numbers, quantities, money. Apart from the names of people, which every page shows. */
import type { CodeableConcept, Quantity } from "../../../../fhir/r4.ts";
import { digitsOf } from "./digits.ts";
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

/** Decimals up to which a number is shown with all its digits. */
const MAX_DECIMALS = 6;

/** A measured number: with its digits if they are known, and a small one is not rounded to nothing. */
export function measureIn(value: number, digits?: string): string {
  const decimals = digits?.split(".")[1]?.length ?? 0;
  const isKept = decimals > 0 && decimals <= MAX_DECIMALS;
  if (isKept) return numberIn(value, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return numberIn(value, Math.abs(value) < 1 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 3 });
}

/** A measured value with its unit; both stay together, in this order in every script. @param before text before the number @param digits of the number, if it does not have them itself */
export function quantityOf(of: Quantity, before = "", digits = digitsOf(of, "value")): string {
  const { comparator, value, unit, code } = of;
  const number = value === undefined ? "" : measureIn(value, digits);
  const words = [`${before}${comparator ?? ""}${number}`, unitOf(unit ?? code ?? "")].filter(Boolean);
  return `\u2066${words.join("\u00a0")}\u2069`;
}

/** An amount of money. @param cents in the minor unit of the currency */
export const moneyOf = (cents: number, currency: string): string => moneyText(cents, currency, locale.value);
