/** People, numbers and codes of FHIR as text. */
import type { CodeableConcept, HumanName, Patient, Quantity } from "../../../../fhir/r4.ts";
import { moneyText } from "./money.ts";
import { isInTwoWays } from "./numbers.ts";
import { testNamed } from "./test-names.ts";
import { locale, t, tIfAny } from "./texts.ts";
import { unitOf } from "./units.ts";

const textOf = ({ text, family, given = [] }: HumanName): string => text ?? [...given, family].filter(Boolean).join(" ");

/** The official name, else the first; a placeholder if there is none. */
export function nameOf(patient: Pick<Patient, "name"> | undefined): string {
  const names = patient?.name ?? [];
  const name = names.find(({ use }) => use === "official") ?? names[0];
  return (name && textOf(name)) || t("person.noName");
}

/** All other names: in another script, at birth. */
export const otherNamesOf = (patient: Pick<Patient, "name">): string[] =>
  (patient.name ?? []).map(textOf).filter((name) => name !== "" && name !== nameOf(patient));

/** Longer identifiers are not for people. */
const MAX_NUMBER = 24;

/** The identifier that people use: the first that is not temporary and short enough to read out; else "". */
export function numberOf(patient: Pick<Patient, "identifier">): string {
  const all = (patient.identifier ?? []).filter(({ value = "" }) => value.length <= MAX_NUMBER);
  return (all.find(({ use }) => use !== "temp" && use !== "old") ?? all[0])?.value ?? "";
}

/** The sex, as a word. */
export const sexOf = (gender: string | undefined): string => tIfAny(`sex.${gender ?? "unknown"}`) ?? "";

/** The meaning of a code as text. */
export function conceptOf({ text, coding = [] }: CodeableConcept = {}): string {
  // A text that differs from the code's display was written by a person; displays are translated.
  const isOwn = text !== undefined && !coding.some(({ display }) => display === text);
  const named = isOwn ? undefined : coding.map(testNamed).find((name) => name !== undefined);
  return named ?? text ?? coding.find(({ display }) => display)?.display ?? coding[0]?.code ?? "";
}

/** A number in the form of the language. */
export const numberIn = (value: number, options?: Intl.NumberFormatOptions): string =>
  new Intl.NumberFormat(locale.value, options).format(value);

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
