/** The hospital's local time: conversion between instants and what its clocks show, including daylight saving time, by the engine's IANA zones. */

const DAY_MS = 86_400_000;

/** The zone of this process; UTC until it is set. */
let ownZone = "UTC";

/** The hospital's time zone, which applies to dates, and to times without a zone. */
export const hospitalZone = (): string => ownZone;

/** Sets the zone when a process starts. All processes of a mesh must have the same: index values depend on it. */
export function useTimeZone(zone: string): void {
  ownZone = zone;
}

/** Formatters by zone: a process needs one, tests a few. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const number = "numeric" as const;
  const parts = {
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
    fractionalSecondDigits: 3 as const,
  };
  const made = new Intl.DateTimeFormat("en-US", { timeZone: zone, calendar: "gregory", hourCycle: "h23", era: "short", ...parts });
  formatters.set(zone, made);
  return made;
}

/** Whether a zone with this name exists, such as Africa/Algiers. */
export function isTimeZone(name: string): boolean {
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What the clocks show at an instant, as milliseconds since 1970 in local time. @param moment milliseconds since 1970, UTC */
export function shownAt(moment: number, zone: string): number {
  if (zone === "UTC") return moment;
  const parts = new Map(
    formatterOf(zone)
      .formatToParts(moment)
      .map(({ type, value }) => [type, value]),
  );
  const numberOf = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
  const year = parts.get("era") === "BC" ? 1 - numberOf("year") : numberOf("year");
  const date = new Date(0);
  date.setUTCFullYear(year, numberOf("month") - 1, numberOf("day"));
  date.setUTCHours(numberOf("hour"), numberOf("minute"), numberOf("second"), numberOf("fractionalSecond"));
  return date.getTime();
}

/**
 * The instant at which the clocks show a time: the first of two (in the hour that is repeated when daylight saving ends); in the hour that is
 * skipped when it begins, as if the clocks had not been changed yet.
 * @param shown milliseconds since 1970 in local time
 * @returns milliseconds since 1970, UTC
 */
export function momentOf(shown: number, zone: string): number {
  if (zone === "UTC") return shown;
  const offsetAt = (moment: number): number => shownAt(moment, zone) - moment;
  // Only the offsets of the day before and the day after are possible.
  const [before, after] = [offsetAt(shown - DAY_MS), offsetAt(shown + DAY_MS)];
  const first = shown - before;
  return offsetAt(first) === before ? first : offsetAt(shown - after) === after ? shown - after : first;
}

/** The second instant at which the clocks show the same time, in the hour that is repeated; undefined otherwise. Milliseconds since 1970, UTC. */
export function shownAgainAt(moment: number, zone: string = ownZone): number | undefined {
  if (zone === "UTC") return undefined;
  const shown = shownAt(moment, zone);
  const later = shown - (shownAt(moment + DAY_MS, zone) - (moment + DAY_MS));
  return later > moment && shownAt(later, zone) === shown ? later : undefined;
}

/** The local calendar day, in days since 1970. @param moment milliseconds since 1970, UTC */
export const dayOf = (moment: number, zone: string = ownZone): number => Math.floor(shownAt(moment, zone) / DAY_MS);
