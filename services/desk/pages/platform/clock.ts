/** Days and times by the hospital's clock, whatever the device's time zone. */
import { signal } from "@preact/signals";
import { timeZone } from "./settings.ts";
import { locale, t } from "./texts.ts";

/** The current time, updated every half minute, for waiting times. Milliseconds since 1970. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 30_000);

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, zone = timeZone()): Intl.DateTimeFormat {
  const key = `${locale.value} ${zone} ${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale.value, { timeZone: zone, ...options });
  formats.set(key, known);
  return known;
}

/** Days with the name of the month, which distinguishes it from the day in every language. */
const DATE: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", year: "numeric" };

/** Isolates a text so that it keeps its direction among words of another script. */
const isolated = (text: string): string => `\u2068${text}\u2069`;

function plainDate(text: string): string {
  const parts = text.split("T", 1)[0]?.split("-").length ?? 1;
  if (text.includes("T")) return format(DATE).format(new Date(text));
  if (parts === 1) return text;
  return format(parts === 2 ? { year: "numeric", month: "short" } : DATE, "UTC").format(new Date(text));
}

/** The day of an instant; or of a FHIR date, which may be a month or a year. */
export const dateOf = (text: string | undefined): string => (text === undefined ? "" : isolated(plainDate(text)));

/** Hours and minutes of an instant. */
export const timeOf = (text: string | number | undefined): string =>
  text === undefined ? "" : format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(text));

/** Day and time of an instant; for a date the day. */
export const momentOf = (text: string | undefined): string =>
  text?.includes("T") ? isolated(`${plainDate(text)} ${timeOf(text)}`) : dateOf(text); // isolated once: the month determines the direction

/** A day, YYYY-MM-DD, with the weekday: Sunday 8 Mar 2026. */
export const dayNameOf = (day: string): string => isolated(format({ weekday: "long", ...DATE }, "UTC").format(new Date(day)));

/** The month of a day: March 2026. */
export const monthOf = (day: string): string => format({ month: "long", year: "numeric" }, "UTC").format(new Date(day));

/** The weekday. */
export const weekdayOf = (day: string, form: "long" | "short"): string => format({ weekday: form }, "UTC").format(new Date(day));

/** First day of the week in the page's language: 1 Monday … 7 Sunday. */
export function firstOfWeek(): number {
  const spoken = new Intl.Locale(locale.value) as Intl.Locale & { getWeekInfo?: () => { firstDay: number } };
  return spoken.getWeekInfo?.().firstDay ?? 1;
}

/** Time since an instant, in words: 5 min, 2 h, 3 days. */
export function since(text: string | undefined): string {
  if (text === undefined) return "";
  const minutes = Math.max(0, Math.floor((now.value - Date.parse(text)) / 60_000));
  if (minutes < 60) return t("time.minutes", { n: minutes });
  if (minutes < 48 * 60) return t("time.hours", { n: Math.floor(minutes / 60) });
  return t("time.days", { n: Math.floor(minutes / 1_440) });
}

/** A day by the hospital's clock, YYYY-MM-DD. @param daysAgo 0: today */
export function day(daysAgo: number): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: timeZone(), year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(new Date(now.value - daysAgo * 86_400_000));
}

/** Today by the hospital's clock, YYYY-MM-DD. */
export const today = (): string => day(0);

/** What the hospital's clocks show at an instant, as if it were UTC. Milliseconds since 1970. */
function shownAt(at: number): number {
  const shown = new Intl.DateTimeFormat("en-CA", {
    timeZone: timeZone(),
    dateStyle: "short",
    timeStyle: "medium",
    hourCycle: "h23",
  });
  return Date.parse(`${shown.format(at).replace(", ", "T")}Z`);
}

/** The instant at which the hospital's clocks show this day and time (HH:MM), ISO 8601, UTC. */
export function instantOf(day: string, time: string): string {
  const wanted = Date.parse(`${day}T${time}:00Z`);
  // Twice: across a clock change the first guess is an hour off.
  const guess = wanted - (shownAt(wanted) - wanted);
  return new Date(wanted - (shownAt(guess) - guess)).toISOString();
}

/** The first instant from now on at which the hospital's clocks show this time (HH:MM), ISO 8601, UTC. */
export function nextInstantOf(time: string): string {
  const [ofToday, ofTomorrow] = [instantOf(today(), time), instantOf(day(-1), time)];
  return Date.parse(ofToday) >= Date.now() ? ofToday : ofTomorrow;
}

/** The same time some days later, by the hospital's clocks, to the minute: ISO 8601, UTC. */
export function daysAfter(instant: string, days: number): string {
  const [date = "", time = ""] = new Date(shownAt(Date.parse(instant)) + days * 86_400_000).toISOString().split("T");
  return instantOf(date, time.slice(0, 5));
}

/** The last instant in the past at which the hospital's clocks showed this time (HH:MM), ISO 8601, UTC: at midnight, 23:50 is yesterday's. */
export function lastInstantOf(time: string): string {
  const [ofToday, ofYesterday] = [instantOf(today(), time), instantOf(day(1), time)];
  return Date.parse(ofToday) <= Date.now() ? ofToday : ofYesterday;
}

/** The instant at which a day begins. */
export const startOf = (day: string): string => instantOf(day, "00:00");

/** Whole days since a day of birth; infinite if it is not known to the day. */
export function daysOld(birthDate = ""): number {
  return birthDate.length === 10 ? Math.max(0, (Date.parse(today()) - Date.parse(birthDate)) / 86_400_000) : Number.POSITIVE_INFINITY;
}

/** Current age: days up to 28, months up to two years, then years. */
export function ageOf(birthDate: string | undefined): string {
  if (birthDate === undefined) return "";
  const [year = 0, month = 1, day = 1] = birthDate.split("-").map(Number);
  const [nowYear = 0, nowMonth = 1, nowDay = 1] = today().split("-").map(Number);
  const days = daysOld(birthDate);
  if (days < 28) return t("age.days", { n: days });
  const months = (nowYear - year) * 12 + nowMonth - month - (nowDay < day ? 1 : 0);
  if (birthDate.length >= 7 && months < 24) return t("age.months", { n: Math.max(0, months) });
  return t("age.years", { n: Math.max(0, Math.floor(months / 12)) });
}
