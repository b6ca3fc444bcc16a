import { nonNull } from "../non-null.ts";

/** Numbers of a search, with their precision (R4 3.1.1.4.6). */

const bits = new DataView(new ArrayBuffer(8));

/** The next double above (1) or below (-1). */
export function nextTo(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + (value > 0 === direction > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

/** A number as written, with the precision that its digits imply. */
export interface GivenNumber {
  value: number;
  /** Bounds of the numbers that equal it at its precision: `100` is 99.5 to 100.5, `100.00` is 99.995 to 100.005; the upper end is excluded. */
  low: number;
  high: number;
}

const form = /^([+-]?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Parses a number; undefined if it is none. The precision is half of the last digit's place: `5.40e-3` is 0.0054 ± 0.000005. For a single
 * digit with an exponent that would be very coarse; there R4's own example applies, `1e2` for 95 to 105.
 */
export function givenNumber(text: string): GivenNumber | undefined {
  const found = form.exec(text);
  if (!found) return undefined;
  const [, sign, whole, fraction = "", exponent] = found;
  const digits = BigInt(nonNull(whole) + fraction) * (sign === "-" ? -1n : 1n);
  const place = Number(exponent ?? 0) - fraction.length;
  const shift = exponent !== undefined && /^\d$/.test(nonNull(whole) + fraction) ? 2 : 1;
  const scaled = digits * 10n ** BigInt(shift);
  const value = Number(text);
  const low = Number(`${scaled - 5n}e${place - shift}`);
  const high = Number(`${scaled + 5n}e${place - shift}`);
  return Number.isFinite(low) && Number.isFinite(high) ? { value, low, high } : undefined;
}
