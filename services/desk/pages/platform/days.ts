/** Parses days as people type them: 8/3/2026, 8 March, 8.3.26; with Arabic digits too. The day comes before the month, as in all languages of the pages. */
import { plainTyped } from "../../../../fhir/plain-digits.ts";
import { birthDateIn } from "./birth-date.ts";

/**
 * The day that is meant, YYYY-MM-DD; without a year, of this year. Undefined if it cannot be parsed.
 * @param today YYYY-MM-DD
 */
export function dayIn(text: string, today: string): string | undefined {
  const plain = plainTyped(text);
  const [, before, year] = /^(\d{1,2}\D+\d{1,2}\D+)(\d{2})$/.exec(plain) ?? [];
  const said = before === undefined ? [plain, `${plain} ${today.slice(0, 4)}`] : [`${before}20${year}`];
  return said.map((one) => birthDateIn(one, today)).find((date) => date?.length === 10);
}

/** The last day that is meant, YYYY-MM-DD: a day, or the last one of a month, as on packages (03/2027, 03/27). */
export function lastDayIn(text: string, today: string): string | undefined {
  const day = dayIn(text, today);
  const [, month = "", year = ""] = /^(\d{1,2})\D+(\d{2}|\d{4})$/.exec(plainTyped(text)) ?? [];
  if (day !== undefined || Number(month) < 1 || Number(month) > 12) return day;
  return daysAfter(monthsAfter(`${year.padStart(4, "20")}-${month.padStart(2, "0")}-01`, 1), -1);
}

/** A FHIR date in the form in which it is typed: 08/03/2026, 03/2026, 2026. */
export const typedDay = (date: string): string => date.split("-").toReversed().join("/");

/** The day a number of days later, YYYY-MM-DD. */
export const daysAfter = (day: string, days: number): string => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

/** The same day some months later, or the last of that month. */
export function monthsAfter(day: string, months: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0));
  last.setUTCDate(Math.min(date, last.getUTCDate()));
  return last.toISOString().slice(0, 10);
}

/** The weeks of a day's month, each of seven days. @param first weekday on which a week begins: 1 Monday … 7 Sunday */
export function weeksOf(day: string, first: number): string[][] {
  const begin = `${day.slice(0, 8)}01`;
  const before = (new Date(begin).getUTCDay() - first + 7) % 7;
  const end = daysAfter(monthsAfter(begin, 1), -1);
  const weeks: string[][] = [];
  for (let week = daysAfter(begin, -before); week <= end; week = daysAfter(week, 7)) {
    weeks.push(Array.from({ length: 7 }, (_, index) => daysAfter(week, index)));
  }
  return weeks;
}
