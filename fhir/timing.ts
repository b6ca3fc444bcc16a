/** How often something is done, from a Timing: by its structured `repeat`, or by its code (BID, Q8H). Plain data in, plain data out. */
import type { Dosage, Timing, TimingRepeat } from "./r4.ts";

type Frequency = Pick<TimingRepeat, "frequency" | "period" | "periodUnit" | "when">;

/** HL7's abbreviations (v3 GTSAbbreviation, R4's preferred codes of `Timing.code`) other than those of hours. */
const FREQUENCIES: Readonly<Record<string, Frequency>> = {
  QD: { frequency: 1, period: 1, periodUnit: "d" },
  AM: { frequency: 1, period: 1, periodUnit: "d", when: ["MORN"] },
  PM: { frequency: 1, period: 1, periodUnit: "d", when: ["AFT"] },
  BED: { frequency: 1, period: 1, periodUnit: "d", when: ["HS"] },
  BID: { frequency: 2, period: 1, periodUnit: "d" },
  TID: { frequency: 3, period: 1, periodUnit: "d" },
  QID: { frequency: 4, period: 1, periodUnit: "d" },
  QOD: { frequency: 1, period: 2, periodUnit: "d" },
  WK: { frequency: 1, period: 1, periodUnit: "wk" },
  MO: { frequency: 1, period: 1, periodUnit: "mo" },
};

function frequencyOf(code: string): Frequency | undefined {
  const [, hours] = /^Q([1-9]\d?)H$/.exec(code) ?? [];
  if (hours !== undefined) return { frequency: 1, period: Number(hours), periodUnit: "h" };
  return Object.hasOwn(FREQUENCIES, code) ? FREQUENCIES[code] : undefined;
}

/** How often, and within which bounds (R4 `Timing.code`: a code stands for the whole repetition, but not for its bounds). */
export function repeatOf({ repeat, code }: Timing = {}): TimingRepeat | undefined {
  if (repeat?.period !== undefined) return repeat;
  const coded = code?.coding?.find(({ system = "" }) => system.endsWith("GTSAbbreviation"))?.code;
  const frequency = coded === undefined ? undefined : frequencyOf(coded.toUpperCase());
  const events = repeat?.timeOfDay ? [] : eventTimes(repeat);
  if (!frequency && events.length > 0) return { ...repeat, frequency: events.length, period: 1, periodUnit: "d" };
  return frequency ? { ...repeat, ...frequency } : repeat;
}

/** Where the events of a day are by the clock, minutes since midnight (R4 EventTiming): doses are due then, as nothing else says when a patient eats or sleeps. */
const EVENTS: Readonly<Record<string, number>> = {
  ...{ WAKE: 360, MORN: 480, NOON: 720, AFT: 960, EVE: 1_140, NIGHT: 1_320, HS: 1_320, PHS: 480 },
  ...{ CM: 480, CD: 720, CV: 1_140 }, // with breakfast, lunch, dinner
};
const MEALS = ["CM", "CD", "CV"];

/** The events that a code stands for: before (AC), with (C) or after (PC) a meal, or each meal; a part of the day, also its early or late part. */
function eventsOf(code: string): string[] {
  const [, meal] = /^(?:AC|PC|C)([MDV]?)$/.exec(code) ?? [];
  if (meal !== undefined) return meal === "" ? MEALS : [`C${meal}`];
  return [code.split(".", 1)[0] ?? ""];
}

/** Times of the day by `when`, minutes since midnight in order: `offset` minutes before or after the event. Unknown events have none. */
export function eventTimes({ when = [], offset = 0 }: TimingRepeat = {}): number[] {
  const times = when.flatMap((code) =>
    eventsOf(code).flatMap((event) => {
      const at = Object.hasOwn(EVENTS, event) ? EVENTS[event] : undefined;
      return at === undefined ? [] : [(at + ((code.startsWith("AC") ? -offset : offset) % DAY) + DAY) % DAY];
    }),
  );
  return [...new Set(times)].sort((a, b) => a - b);
}

/** Minutes. */
const DAY = 1_440;

/** Whether it is given when the patient needs it: it is not due at any time. */
export const isAsNeeded = ({ asNeededBoolean, asNeededCodeableConcept }: Dosage): boolean =>
  asNeededBoolean === true || asNeededCodeableConcept !== undefined;

/** Units of the periods from which times follow; months have no fixed length, and what is given every few minutes is not given dose by dose. */
const UNITS = ["h", "d", "wk"];

/** Whether times follow from it at which doses are due: it says when the first is, and how often, and is not as needed. */
export function isScheduled(dosage: Dosage | undefined): dosage is Dosage {
  const { boundsPeriod, period, periodUnit = "" } = repeatOf(dosage?.timing) ?? {};
  return (
    dosage !== undefined && !isAsNeeded(dosage) && boundsPeriod?.start !== undefined && period !== undefined && UNITS.includes(periodUnit)
  );
}
