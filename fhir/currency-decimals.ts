/** Decimals of the currencies that do not have two (ISO 4217, list one of the maintenance agency, column "minor unit"). */
const EXPONENTS: Readonly<Record<string, number>> = {
  ...of(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
  ...of(3, "BHD IQD JOD KWD LYD OMR TND"),
  ...of(4, "CLF UYW"),
};

function of(exponent: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(" ").map((code) => [code, exponent]));
}

/** Number of decimals of an amount in a currency, by its ISO 4217 code. */
export const exponentOf = (currency: string): number => (Object.hasOwn(EXPONENTS, currency) ? (EXPONENTS[currency] as number) : 2);
