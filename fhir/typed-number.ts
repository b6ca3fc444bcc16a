/** Numbers that were typed as text: they are read only where the meaning is certain. */
import { plainTyped } from "./plain-digits.ts";
import type { Quantity } from "./r4.ts";

/** A number with its comparator, such as "<5". */
export interface TypedNumber {
  value: number;
  comparator?: NonNullable<Quantity["comparator"]>;
}

/** One decimal separator, which may be Arabic, and no thousands separator. */
const CERTAIN = /^(<=|>=|<|>|≤|≥)?\s*([-−]?\d+(?:[.,٫]\d+)?)$/;
/** "1,250" is a thousand in some countries and one in others. */
const TWO_WAYS = /^[-−]?[1-9]\d{0,2},\d{3}$/;
/** Digits and signs that occur in numbers, but no words. */
const LIKE_A_NUMBER = /^[<>=≤≥]*\s*[-−]?[\d\s.,٫٬'’_]*\d[\d\s.,٫٬'’_]*(?:[eE][-+−]?\d+)?$/;

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
