/**
 * Compares birth dates, which may be presumed: a person of unknown birthday is often recorded as born on 1 January or 1 July, or only in a
 * year; one of known month, on its 15th. Plain data in, plain data out.
 */

import { type Interval, intervalOf } from "../../../fhir/dates.ts";

/** Days that are recorded if only the year is known. */
const PRESUMED_DAYS = ["01-01", "07-01"];
/** The day that is recorded if only the month is known. */
const MIDDLE = "15";
/** Error of a presumed birth year, in years, up to which it may be the same. */
const YEARS_OFF = 1;

/**
 * `same`: to the day; `presumed`: the same, but a presumed date, which many people have; `near`: day and month exchanged, or one
 * digit wrong; `partial`: equal as far as it is known; `around`: presumed, and the year differs by one, or in its last digit.
 */
export type DateAgreement = "same" | "presumed" | "near" | "partial" | "around" | "different";

/** Whether only the year is known. */
export const isYearOnly = (date: string): boolean => date.length === 4 || PRESUMED_DAYS.includes(date.slice(5));

/**
 * The intervals in which a presumed birth date of a person with this one may begin, milliseconds since 1970, both ends inclusive. If only the year
 * is known itself: the whole year, and the ones before and after.
 */
export function presumedTimes(date: string): Interval[] {
  const year = Number(date.slice(0, 4));
  if (isYearOnly(date)) {
    const times = [year - YEARS_OFF, year + YEARS_OFF].flatMap((one) => intervalOf(`${one}`.padStart(4, "0")) ?? []);
    return times.length > 0 ? [[Math.min(...times), Math.max(...times)]] : [];
  }
  const [ofYear, ofMonth] = [date.slice(0, 4), date.slice(0, 7)];
  const days = [...PRESUMED_DAYS.map((day) => `${ofYear}-${day}`), `${ofMonth}-${MIDDLE}`];
  return [...new Set(days)].flatMap((day) => intervalOf(day)?.[0] ?? []).map((begin) => [begin, begin]);
}

/** @param one,other R4 dates: a day, a month or a year */
export function datesOf(one: string, other: string): DateAgreement {
  if (isYearOnly(one) || isYearOnly(other)) return yearsOf(one, other);
  if (one === other) return one.length === 10 ? "same" : "partial";
  if (one.length < 10 || other.length < 10) return one.startsWith(other) || other.startsWith(one) ? "partial" : "different";
  if (swapped(one) === other || digitsWrong(one, other) === 1) return "near";
  const isMonthOnly = one.endsWith(MIDDLE) || other.endsWith(MIDDLE);
  return isMonthOnly && one.slice(0, 7) === other.slice(0, 7) ? "partial" : "different";
}

/** Compares dates of which at least one is known by its year only. */
function yearsOf(one: string, other: string): DateAgreement {
  if (one === other) return one.length === 10 ? "presumed" : "partial";
  const [year, otherYear] = [one.slice(0, 4), other.slice(0, 4)];
  if (year === otherYear) return "partial";
  // A generation apart, they are father and son.
  const isTyped = one.slice(4) === other.slice(4) && year.slice(0, 3) === otherYear.slice(0, 3);
  return isTyped || Math.abs(Number(year) - Number(otherYear)) <= YEARS_OFF ? "around" : "different";
}

/** The date with day and month exchanged. */
export const swapped = (date: string): string => `${date.slice(0, 5)}${date.slice(8)}-${date.slice(5, 7)}`;

const digitsWrong = (one: string, other: string): number => [...one].filter((sign, index) => sign !== other[index]).length;
