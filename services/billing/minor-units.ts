import type { Money } from "../../fhir/r4.ts";

/** Decimals of the currencies that have not two (ISO 4217, list one of the maintenance agency, column "minor unit"). */
const EXPONENTS: Readonly<Record<string, number>> = {
  ...of(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
  ...of(3, "BHD IQD JOD KWD LYD OMR TND"),
  ...of(4, "CLF UYW"),
};

function of(exponent: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(" ").map((code) => [code, exponent]));
}

/** How many decimals an amount in a currency has, by its ISO 4217 code. */
export const exponentOf = (currency: string): number => (Object.hasOwn(EXPONENTS, currency) ? (EXPONENTS[currency] as number) : 2);

/** Money as FHIR writes it, from the smallest units of its currency. */
export const money = (units: number, currency: string): Money => ({ value: units / 10 ** exponentOf(currency), currency });

/**
 * An amount in the smallest units of its currency. Half a unit is rounded away from zero, as it is written: 1.005 EUR are 101 cents, though the
 * double beside it is below.
 */
export const unitsIn = (amount: number, currency: string): number =>
  Math.sign(amount) * Math.round(Number((Math.abs(amount) * 10 ** exponentOf(currency)).toPrecision(15)));
