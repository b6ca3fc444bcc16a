/** Accession numbers: day, serial number of the day, and a check digit, so that a typing error names no other specimen. */

/** The check digit of a number (Luhn, ISO/IEC 7812-1 annex B). */
export function checkDigit(digits: string): string {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const twice = place % 2 === 0 ? digit * 2 : digit;
    sum += twice > 9 ? twice - 9 : twice;
  }
  return String((10 - (sum % 10)) % 10);
}

/** @param day of the hospital's calendar, days since 1970 @param count serial number of that day, from 1 */
export function accessionOf(day: number, count: number): string {
  const [, year = "", month = "", date = ""] = /^\d\d(\d\d)-(\d\d)-(\d\d)/.exec(new Date(day * 86_400_000).toISOString()) ?? [];
  const digits = `${year}${month}${date}${String(count).padStart(4, "0")}`;
  return digits + checkDigit(digits);
}
