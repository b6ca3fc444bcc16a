/** A date of birth as people say it: 8/3/1951, 08.03.1951, March as 3/1951, a year, an age; in Arabic digits too. */

/** Who is older has a year of birth that is known. */
const OLDEST_YEARS = 120;

/** Arabic-Indic digits, and those of Persian and Urdu, as others. */
const plainDigits = (text: string): string => text.replaceAll(/[٠-٩۰-۹]/g, (digit) => `${(digit.codePointAt(0) ?? 0) & 0xf}`);

function isReal(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

const padded = (number: string): string => number.padStart(2, "0");

/**
 * The FHIR date (day, month or year) that is meant; undefined: it cannot be read. The day comes before the month, as in all languages of the pages.
 * @param today YYYY-MM-DD
 */
export function birthDateIn(text: string, today: string): string | undefined {
  const plain = plainDigits(text).trim();
  if (/^\d{1,3}$/.test(plain)) {
    return Number(plain) <= OLDEST_YEARS ? `${Number(today.slice(0, 4)) - Number(plain)}` : undefined;
  }
  const parts = plain.split(/\s*[/.\-،]\s*|\s+/);
  const [year = "", month = "1", day = "1"] = parts[0]?.length === 4 ? parts : parts.toReversed();
  const isRead = parts.length <= 3 && parts.every((part) => /^\d{1,4}$/.test(part)) && /^\d{4}$/.test(year);
  if (!isRead || !isReal(Number(year), Number(month), Number(day))) return undefined;
  return [year, ...[month, day].slice(0, parts.length - 1).map(padded)].join("-");
}
