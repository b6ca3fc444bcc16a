/** The time of a hospital's clocks: from a moment to what they show, and back, with summer time. By the zones of the JavaScript engine (IANA). */

const DAY_MS = 86_400_000;

/** A process is in one hospital, and in UTC until its zone is set. */
let ownZone = "UTC";

/** Where this process's hospital is: the zone of dates and of times that name none. */
export const hospitalZone = (): string => ownZone;

/** Said once, when a process starts, and alike in each of a mesh: what is stored is found by it. */
export function useTimeZone(zone: string): void {
  ownZone = zone;
}

/** One formatter for each zone: a process has one, tests a few. */
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

/** Whether there is a zone of this name, like Africa/Algiers. */
export function isTimeZone(name: string): boolean {
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What the clocks show at a moment, as milliseconds since 1970 by these clocks. @param moment milliseconds since 1970, UTC */
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
 * The moment at which the clocks show a time: of two (the hour that summer time repeats) the first, of none (the hour that it leaves out) as
 * if the clocks had not been changed yet.
 * @param shown milliseconds since 1970 by the clocks
 * @returns milliseconds since 1970, UTC
 */
export function momentOf(shown: number, zone: string): number {
  if (zone === "UTC") return shown;
  const offsetAt = (moment: number): number => shownAt(moment, zone) - moment;
  // The offsets of the day before and after are those that can count.
  const [before, after] = [offsetAt(shown - DAY_MS), offsetAt(shown + DAY_MS)];
  const first = shown - before;
  return offsetAt(first) === before ? first : offsetAt(shown - after) === after ? shown - after : first;
}

/** When the clocks show once more what they show at a moment, in the hour that summer time repeats; undefined: they do not. Milliseconds since 1970, UTC. */
export function shownAgainAt(moment: number, zone: string = ownZone): number | undefined {
  if (zone === "UTC") return undefined;
  const shown = shownAt(moment, zone);
  const later = shown - (shownAt(moment + DAY_MS, zone) - (moment + DAY_MS));
  return later > moment && shownAt(later, zone) === shown ? later : undefined;
}

/** The day that the calendar on the wall shows, in days since 1970. @param moment milliseconds since 1970, UTC */
export const dayOf = (moment: number, zone: string = ownZone): number => Math.floor(shownAt(moment, zone) / DAY_MS);
