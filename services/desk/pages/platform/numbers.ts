/** Parses numbers as people type them: 5.2, 5,2, 1 250, ٥٫٢. */
import { Refused } from "./api.ts";
import { plainTyped } from "../../../../fhir/plain-digits.ts";

/** Latin digits with a decimal point, without thousands separators. */
export const plainNumber = (text: string): string =>
  plainTyped(text)
    .replaceAll("٬", "")
    .replaceAll(/(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))/g, "")
    .replace(/(?<=\d)[,٫](?=\d)/, ".")
    .trim();

/** "1,000" is a thousand to some, and one to others: doses and measurements must not be guessed. */
const TWO_WAYS = /(?<![\d.,])[1-9]\d{0,2},\d{3}(?![\d,.])/;

/** Whether a number in the text is ambiguous. */
export const isInTwoWays = (text: string): boolean => TWO_WAYS.test(plainTyped(text));

/** @throws Refused NUMBER_IN_TWO_WAYS for an ambiguous number; `field` is its field */
export function requireOneWay(text: string, field: string): void {
  if (isInTwoWays(text)) throw new Refused(422, "NUMBER_IN_TWO_WAYS", "", { fields: [{ field }] });
}

/** The number; undefined if it is none. */
export function numberTyped(text: string): number | undefined {
  const plain = plainNumber(text);
  return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : undefined;
}

/** A number and its unit: "500 mg". */
export function amountIn(text: string): { value: number; unit: string } | undefined {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([^\s\d.,].*)$/.exec(plainNumber(text)) ?? [];
  return Number(number) > 0 && unit !== "" ? { value: Number(number), unit } : undefined;
}
