/** Computes when the doses of a prescription are due, from its structured Dosage. Plain data in, plain data out; time is passed in. */
import { numberOf } from "../../../fhir/json.ts";
import { intervalOf } from "../../../fhir/dates.ts";
import type { CodeableConcept, MedicationRequest, TimingRepeat } from "../../../fhir/r4.ts";
import { hospitalZone, momentOf, shownAt } from "../../../fhir/time-zone.ts";
import { eventTimes, isScheduled, repeatOf } from "../../../fhir/timing.ts";
import type { DueDose } from "../doses.contract.ts";
import { namedMedicationOf, prescribedBy } from "../pharmacy.model.ts";

/** Milliseconds. */
export const UNIT_MS = { h: 3_600_000, d: 86_400_000, wk: 604_800_000 } as const;
const MINUTE_MS = 60_000;
/** Time after which a dose is late, milliseconds. */
const LATE_MS = 1_800_000;
/** Doses of one prescription in one question; no medication is given by hand more often than every quarter of an hour. */
const MAX_DOSES = 200;
/** Doses of a day whose timing names days of the week: one each quarter of an hour. */
const MAX_A_DAY = 96;

/** The schedule of a prescription. */
export interface Schedule {
  /** Begin and end, milliseconds since 1970. */
  from: number;
  until: number;
  /** Interval between doses, by the local clocks; with `at` a number of days. Milliseconds. */
  everyMs: number;
  /** Number of doses after which it ends. */
  count: number;
  /** Times of the day, milliseconds since midnight by the local clocks, in order; absent: the time of the first dose decides. */
  at?: number[];
  /** Days of the week, 0 is Sunday; only with `at`. Absent: all. */
  days?: number[];
}

/** The remainder of a division that rounds down, also of a time before 1970. */
const remainder = (value: number, by: number): number => ((value % by) + by) % by;

/** FHIR's days of the week, in the order of their numbers. */
const WEEK = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** Times of the day and days of the week, if the timing names some; on days without times doses are at equal intervals from the time of the first one. */
function namedTimes(repeat: TimingRepeat, { from, everyMs }: Pick<Schedule, "from" | "everyMs">, periodMs: number) {
  const { timeOfDay = [], dayOfWeek = [] } = repeat;
  const events = timeOfDay.length > 0 ? [] : eventTimes(repeat).map((minutes) => minutes * MINUTE_MS);
  if (timeOfDay.length + dayOfWeek.length + events.length === 0) return {};
  const aDay = Math.min(MAX_A_DAY, Math.max(1, Math.round(UNIT_MS.d / everyMs)));
  const spread = Array.from({ length: aDay }, (_, index) =>
    remainder(shownAt(from, hospitalZone()) + (index * UNIT_MS.d) / aDay, UNIT_MS.d),
  );
  const named = [...timeOfDay.map((time) => Date.parse(`1970-01-01T${time}Z`)), ...events];
  const at = (named.length > 0 ? named : spread).sort((a, b) => a - b);
  const days = dayOfWeek.map((day) => WEEK.indexOf(day));
  return { at, everyMs: Math.max(1, Math.round(periodMs / UNIT_MS.d)) * UNIT_MS.d, ...(days.length > 0 && { days }) };
}

/** The schedule of a prescription; undefined if its timing is not structured, it is as needed, or it is over. */
export function scheduleOf(request: MedicationRequest): Schedule | undefined {
  const [dosage] = request.dosageInstruction ?? [];
  const repeat = repeatOf(dosage?.timing);
  if (!isScheduled(dosage) || !repeat || !["active", "completed"].includes(request.status)) return undefined;
  const { start = "", end } = repeat.boundsPeriod ?? {};
  const [from] = intervalOf(start) ?? [];
  const [period = 0, frequency] = [numberOf(repeat.period), repeat.frequency ?? 1];
  if (from === undefined || period <= 0 || frequency <= 0) return undefined;
  const [until = Number.POSITIVE_INFINITY] = (end !== undefined && intervalOf(end)) || [];
  const periodMs = period * UNIT_MS[repeat.periodUnit as keyof typeof UNIT_MS];
  const count = repeat.countMax ?? repeat.count ?? Number.POSITIVE_INFINITY;
  const plain = { from, until, everyMs: periodMs / frequency, count };
  const schedule = { ...plain, ...namedTimes(repeat, plain, periodMs) };
  if (request.status === "active" || until !== Number.POSITIVE_INFINITY) return schedule;
  // A fully dispensed prescription is still to be given, as long as the quantity lasts.
  const [units, dose] = [prescribedBy(request), numberOf(dosage.doseAndRate?.[0]?.doseQuantity?.value)];
  return units === undefined || dose === undefined || dose <= 0
    ? undefined
    : { ...schedule, count: Math.min(count, Math.floor(units / dose)) };
}

/** Largest change of the clocks at the begin or end of daylight saving time. Milliseconds. */
const SET_MS = 7_200_000;
/** Intervals below two hours are counted in elapsed time: doses fall in both hours that the clocks show twice, and are not doubled where they skip one. */
const isByElapsed = (everyMs: number): boolean => everyMs < SET_MS;

/**
 * Times in this period at which a dose is due, both ends inclusive. By the hospital's clocks: at eight o'clock in summer and in winter; a time that is
 * skipped is an hour later, and of one that occurs twice the first is used.
 */
export function dueBetween(schedule: Schedule, low: number, high: number): number[] {
  const due: number[] = [];
  for (const moment of schedule.at ? momentsOnDays(schedule, schedule.at, [low, high]) : momentsApart(schedule, low)) {
    if (due.length >= MAX_DOSES || moment > high || moment >= schedule.until) break;
    if (moment >= low) due.push(moment);
  }
  return due;
}

/** Doses at equal intervals, in order, from shortly before `low` on. */
function* momentsApart({ from, everyMs, count }: Schedule, low: number): Generator<number> {
  const zone = hospitalZone();
  const shown = shownAt(from, zone);
  for (let index = Math.max(0, Math.floor((low - from - SET_MS) / everyMs)); index < count; index += 1) {
    yield index === 0 || isByElapsed(everyMs) ? from + index * everyMs : momentOf(shown + index * everyMs, zone);
  }
}

/** Whether a day (in days since 1970) is one of those on which doses are due. @param first day of the schedule */
function isDoseDay({ everyMs, days }: Schedule, day: number, first: number): boolean {
  if (!days) return remainder(day - first, everyMs / UNIT_MS.d) === 0;
  // The first day of 1970 was a Thursday. Of schedules of several weeks, a week begins on Monday.
  const weeks = Math.floor((day + 3) / 7) - Math.floor((first + 3) / 7);
  return days.includes(remainder(day + 4, 7)) && weeks % Math.max(1, Math.round(everyMs / UNIT_MS.wk)) === 0;
}

/**
 * What repeats in a schedule with times of the day, so that years need not be counted day by day. @param begin of the schedule, as clocks show it
 * @returns days of a cycle, its doses, and how many of the first one were before the begin
 */
function cycleOf(schedule: Schedule, at: number[], begin: number): { length: number; doses: number; missed: number } {
  const { everyMs, days } = schedule;
  const first = Math.floor(begin / UNIT_MS.d);
  const early = isDoseDay(schedule, first, first) ? at.filter((time) => first * UNIT_MS.d + time < begin) : [];
  const length = days ? 7 * Math.max(1, Math.round(everyMs / UNIT_MS.wk)) : everyMs / UNIT_MS.d;
  return { length, doses: at.length * (days ? new Set(days).size : 1), missed: early.length };
}

/** Doses at times of certain days, in order, from shortly before the period to its end; their number is counted from the first one on. */
function* momentsOnDays(schedule: Schedule, at: number[], period: [low: number, high: number]): Generator<number> {
  const zone = hospitalZone();
  const begin = shownAt(schedule.from, zone);
  const first = Math.floor(begin / UNIT_MS.d);
  const [low = 0, high = 0] = period.map((moment) => shownAt(moment, zone));
  const { length, missed, doses } = cycleOf(schedule, at, begin);
  const skipped = Math.max(0, Math.floor((low / UNIT_MS.d - first) / length) - 1);
  let left = schedule.count - (skipped > 0 ? skipped * doses - missed : 0);
  for (let day = first + skipped * length; day * UNIT_MS.d <= high && left > 0; day += 1) {
    const times = isDoseDay(schedule, day, first) ? at.map((time) => day * UNIT_MS.d + time).filter((time) => time >= begin) : [];
    for (const time of times.slice(0, left)) {
      if (time >= low - SET_MS) yield momentOf(time, zone);
    }
    left -= times.length;
  }
}

/** Identifies a dose of a prescription: there is one record for each. */
export const doseName = (prescription: string, dueAt: string): string => `${prescription}|${dueAt}`;

/** A dose as callers get it. @param stored the code of the stored Medication that is prescribed */
export function dueDose(
  request: MedicationRequest & { id: string },
  { moment, now, stored }: { moment: number; now: Date; stored?: CodeableConcept | undefined },
): DueDose {
  const [dosage] = request.dosageInstruction ?? [];
  const quantity = dosage?.doseAndRate?.[0]?.doseQuantity;
  const value = numberOf(quantity?.value);
  const route = dosage?.route?.text ?? dosage?.route?.coding?.[0]?.display;
  return {
    prescription: `MedicationRequest/${request.id}`,
    patient: request.subject.reference ?? "",
    ...(request.encounter?.reference !== undefined && { encounter: request.encounter.reference }),
    medication: namedMedicationOf(request, stored),
    ...(value !== undefined && { dose: { value, unit: quantity?.unit ?? quantity?.code ?? "" } }),
    ...(route !== undefined && { route }),
    dosage: dosage?.text ?? "",
    dueAt: new Date(moment).toISOString(),
    isLate: moment < now.getTime() - LATE_MS,
  };
}
