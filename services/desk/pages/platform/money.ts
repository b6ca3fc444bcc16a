/** Money as people write and read it; the decimals of a currency are those of ISO 4217, as on the server, not those that a browser shows. */
import { exponentOf } from "../../../../fhir/currency-decimals.ts";
import { unitsIn } from "../../../../fhir/minor-units.ts";
import { plainTyped } from "../../../../fhir/plain-digits.ts";

/** An amount in the minor units of its currency, as text. */
export function moneyText(units: number, currency: string, locale: string): string {
  const most = exponentOf(currency);
  const { minimumFractionDigits = 0 } = new Intl.NumberFormat(locale, { style: "currency", currency }).resolvedOptions();
  const digits = { minimumFractionDigits: Math.min(minimumFractionDigits, most), maximumFractionDigits: most };
  return new Intl.NumberFormat(locale, { style: "currency", currency, ...digits }).format(units / 10 ** most);
}

/** The same for a field: 12.50, or 12,50, in digits and without the currency. */
export function moneyTyped(units: number, currency: string, locale: string): string {
  const digits = exponentOf(currency);
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false };
  return new Intl.NumberFormat(locale, format).format(units / 10 ** digits);
}

/**
 * A typed amount in the minor units of the currency: 1250.5, 1 250,50, ١٢٥٠٫٥; undefined if it is not an amount above zero, or has more decimals than the
 * currency.
 */
export function unitsTyped(text: string, currency: string): number | undefined {
  const plain = plainTyped(text)
    .replaceAll(/[\s\u066c']/g, "")
    .replace(/[,\u066b]/, ".");
  const [, whole, decimals = ""] = /^(\d{1,10})(?:\.(\d*))?$/.exec(plain) ?? [];
  if (whole === undefined || decimals.length > exponentOf(currency)) return undefined;
  return unitsIn(Number(plain), currency) || undefined;
}
