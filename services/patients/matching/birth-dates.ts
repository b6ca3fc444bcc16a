/**
 * How two birth dates agree, also where one was presumed: who does not know the day is written down as born on 1 January or on 1 July, or in a
 * year; who knows the month, on its 15th. Plain data in, plain data out.
 */

import { type Interval, intervalOf } from "../../../fhir/dates.ts";

/** Days of a year that are written where only the year is known. */
const PRESUMED_DAYS = ["01-01", "07-01"];
/** The day that is written where only the month is known. */
const MIDDLE = "15";
/** Years by which a presumed birth year is wrong without being another. */
const YEARS_OFF = 1;

/**
 * `same`, to the day; `presumed`: the same, but the day was presumed, so that many have it; `near`: day and month taken for one another, or one
 * digit wrong; `partial`: as much as is known; `around`: presumed, and the year is off by one, or its last digit is wrong.
 */
export type DateAgreement = "same" | "presumed" | "near" | "partial" | "around" | "different";

/** Whether no more than the year is known. */
export const isYearOnly = (date: string): boolean => date.length === 4 || PRESUMED_DAYS.includes(date.slice(5));

/**
 * When who is born on a date may be written down as born, where no more was known: what such a date begins with, milliseconds since 1970, both
 * ends included. Where no more than the year is known itself, all of it, and the years before and after.
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

/** Of one at least no more than the year is known. */
function yearsOf(one: string, other: string): DateAgreement {
  if (one === other) return one.length === 10 ? "presumed" : "partial";
  const [year, otherYear] = [one.slice(0, 4), other.slice(0, 4)];
  if (year === otherYear) return "partial";
  // A whole generation apart they are father and son.
  const isTyped = one.slice(4) === other.slice(4) && year.slice(0, 3) === otherYear.slice(0, 3);
  return isTyped || Math.abs(Number(year) - Number(otherYear)) <= YEARS_OFF ? "around" : "different";
}

/** Day and month taken for one another. */
export const swapped = (date: string): string => `${date.slice(0, 5)}${date.slice(8)}-${date.slice(5, 7)}`;

const digitsWrong = (one: string, other: string): number => [...one].filter((sign, index) => sign !== other[index]).length;
