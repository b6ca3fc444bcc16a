/** Numbers that come as a text: one is read only where that is certain. */
import { plainTyped } from "./plain-digits.ts";
import type { Quantity } from "./r4.ts";

/** A number, and how what was measured stands to it. */
export interface TypedNumber {
  value: number;
  comparator?: NonNullable<Quantity["comparator"]>;
}

/** One decimal sign, which may be Arabic, and no sign between thousands. */
const CERTAIN = /^(<=|>=|<|>|≤|≥)?\s*([-−]?\d+(?:[.,٫]\d+)?)$/;
/** "1,250" is a thousand to some, and one to others. */
const TWO_WAYS = /^[-−]?[1-9]\d{0,2},\d{3}$/;
/** Digits, and signs that stand in numbers: no words. */
const LIKE_A_NUMBER = /^[<>=≤≥]*\s*[-−]?[\d\s.,٫٬'’_]*\d[\d\s.,٫٬'’_]*(?:[eE][-+−]?\d+)?$/;

/** "unclear": it is like a number, and nobody may guess which; undefined: it is in words. */
export function readTypedNumber(text: string): TypedNumber | "unclear" | undefined {
  const plain = plainTyped(text);
  const [, sign, digits] = CERTAIN.exec(plain) ?? [];
  if (digits === undefined || TWO_WAYS.test(digits)) return LIKE_A_NUMBER.test(plain) ? "unclear" : undefined;
  const comparator = { "≤": "<=", "≥": ">=" }[sign ?? ""] ?? sign;
  const value = Number(digits.replace("−", "-").replace(/[,٫]/, "."));
  if (!Number.isFinite(value)) return "unclear";
  return { value, ...(comparator !== undefined && { comparator: comparator as NonNullable<TypedNumber["comparator"]> }) };
}
