/** Numbers that were typed as text: they are read only where the meaning is certain. */
import { parseJson } from "./json.ts";
import { plainTyped } from "./plain-digits.ts";
import type { Quantity } from "./r4.ts";

/** A number with its comparator, such as "<5". */
export interface TypedNumber {
  value: number;
  comparator?: NonNullable<Quantity["comparator"]>;
}

/** A number with the digits that were typed, if it has more than the value needs: 13.50. */
export interface MeasuredNumber extends TypedNumber {
  digits?: string;
}

/** One decimal separator, which may be Arabic, and no thousands separator. */
const CERTAIN = /^(<=|>=|<|>|≤|≥)?\s*([-−]?\d+(?:[.,٫]\d+)?)$/;
/** "1,250" is a thousand in some countries and one in others. */
const TWO_WAYS = /^[-−]?[1-9]\d{0,2},\d{3}$/;
/** Digits and signs that occur in numbers, but no words. */
const LIKE_A_NUMBER = /^[<>=≤≥]*\s*[-−]?[\d\s.,٫٬'’_]*\d[\d\s.,٫٬'’_]*(?:[eE][-+−]?\d+)?$/;

/** As `readTypedNumber`, with the digits: those of a measured value tell its precision (R4 2.24.0.1). */
export function readMeasuredNumber(text: string): MeasuredNumber | "unclear" | undefined {
  const read = readTypedNumber(text);
  if (read === undefined || read === "unclear") return read;
  const [, , typed = ""] = CERTAIN.exec(plainTyped(text)) ?? [];
  const digits = typed
    .replace("−", "-")
    .replace(/[,٫]/, ".")
    .replace(/^(-?)0+(?=\d)/, "$1");
  return digits === String(read.value) ? read : { ...read, digits };
}

/** The value and comparator of a Quantity, with the typed digits. */
export const measuredQuantity = ({ digits, value, ...more }: MeasuredNumber): Pick<Quantity, "value" | "comparator"> => ({
  value: digits === undefined ? value : (parseJson(digits) as number),
  ...more,
});

/** "unclear": it looks like a number, but its meaning is ambiguous; undefined: it is words. */
export function readTypedNumber(text: string): TypedNumber | "unclear" | undefined {
  const plain = plainTyped(text);
  const [, sign, digits] = CERTAIN.exec(plain) ?? [];
  if (digits === undefined || TWO_WAYS.test(digits)) return LIKE_A_NUMBER.test(plain) ? "unclear" : undefined;
  const comparator = { "≤": "<=", "≥": ">=" }[sign ?? ""] ?? sign;
  const value = Number(digits.replace("−", "-").replace(/[,٫]/, "."));
  if (!Number.isFinite(value)) return "unclear";
  return { value, ...(comparator !== undefined && { comparator: comparator as NonNullable<TypedNumber["comparator"]> }) };
}
