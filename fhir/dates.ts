import { hospitalZone, momentOf } from "./time-zone.ts";

/**
 * FHIR dates as intervals (R4 3.1.1.4.7): a date lasts the whole day. Milliseconds since 1970 in UTC, both ends inclusive. A date, and a
 * time without a zone, are in the hospital's time zone (`time-zone.ts`), not in that of the server.
 */
export type Interval = readonly [low: number, high: number];

const DAY_MS = 86_400_000;
/** Characters of the longest date. */
const MAX_LENGTH = 40;

const form = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/** Texts whose interval is kept: each date of a resource is read several times, to check it, to index it, and by rules. */
const MAX_READ = 1_000;
const read = new Map<string, Interval | undefined>();
let readIn = "";

/** The interval of a date, dateTime or instant, also without seconds, as a search may have it; undefined if it is not valid. */
export function intervalOf(text: string): Interval | undefined {
  if (readIn !== hospitalZone() || read.size >= MAX_READ) read.clear();
  readIn = hospitalZone();
  const known = read.get(text);
  if (known !== undefined || read.has(text)) return known;
  const interval = intervalIn(text);
  if (text.length <= MAX_LENGTH) read.set(text, interval);
  return interval;
}

function intervalIn(text: string): Interval | undefined {
  const found = form.exec(text);
  if (!found) return undefined;
  // Groups that did not match are undefined, which TypeScript's type of a match does not say.
  const [, y, mo, d, h, mi, s, fraction, zone] = found as unknown as (string | undefined)[];
  const year = Number(y);
  if (year === 0) return undefined;
  const zoned = hospitalZone();
  const local = (shown: number): number => (zoned === "UTC" ? shown : momentShown(shown, zoned));
  if (mo === undefined) return [local(utc(year, 0, 1)), local(utc(year + 1, 0, 1)) - 1];
  const month = Number(mo) - 1;
  if (month < 0 || month > 11) return undefined;
  if (d === undefined) return [local(utc(year, month, 1)), local(utc(year, month + 1, 1)) - 1];
  const day = Number(d);
  if (day < 1 || day > daysIn(year, month)) return undefined;
  const start = utc(year, month, day);
  if (h === undefined) return [local(start), local(start + DAY_MS) - 1];
  const offset = zone === undefined ? 0 : offsetOf(zone);
  // 60 is a leap second; FHIR does not allow 24:00.
  if (Number(h) > 23 || Number(mi) > 59 || (s !== undefined && Number(s) > 60) || offset === undefined) return undefined;
  const shown = start + Number(h) * 3_600_000 + Number(mi) * 60_000 - offset;
  const minute = zone === undefined ? local(shown) : shown;
  if (s === undefined) return [minute, minute + 59_999];
  const second = minute + Number(s) * 1000;
  if (fraction === undefined) return [second, second + 999];
  const low = second + Number(fraction.slice(0, 3).padEnd(3, "0"));
  return [low, low + 10 ** Math.max(0, 3 - fraction.length) - 1];
}

/** The interval of a date in a query, in which an unescaped plus arrives as a space. */
export const intervalAsked = (text: string): Interval | undefined => intervalOf(text.replace(/ (?=\d\d:\d\d$)/, "+"));

/** As `Date.UTC`, which takes the years 0 to 99 for 1900 to 1999. */
function utc(year: number, month: number, day: number): number {
  if (year > 99) return Date.UTC(year, month, day);
  const date = new Date(0);
  return date.setUTCFullYear(year, month, day);
}

function daysIn(year: number, month: number): number {
  if (month === 1) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31;
}

/** Days whose interval is kept, since computing one takes about 10 microseconds; 100 bytes each. */
const MAX_KNOWN = 20_000;
const known = new Map<string, number>();

function momentShown(shown: number, zone: string): number {
  const key = `${zone} ${shown}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MAX_KNOWN) known.clear();
  const moment = momentOf(shown, zone);
  known.set(key, moment);
  return moment;
}

function offsetOf(zone: string): number | undefined {
  if (zone === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone[0] === "-" ? -1 : 1) * (hours * 3_600_000 + minutes * 60_000);
}
