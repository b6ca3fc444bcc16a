/** A dosage as text: in the prescriber's words, with dose, route, frequency and limits as far as they are known as numbers and codes. */
import { isAsNeeded, repeatOf } from "../../../../fhir/timing.ts";
import type { Dosage, TimingRepeat } from "../../../../fhir/r4.ts";
import { dateOf } from "./clock.ts";
import { whenWords } from "./event-timing.ts";
import { routeOf } from "./routes.ts";
import { conceptOf, quantityOf } from "./shown-values.ts";
import { joined, listed, locale, numberIn, t } from "./texts.ts";

function needWords(of: Dosage): string {
  const what = conceptOf(of.asNeededCodeableConcept);
  return what === "" ? t("dosage.asNeeded") : t("dosage.asNeededFor", { what });
}

function mostWords({ maxDosePerPeriod: { numerator, denominator } = {} }: Dosage): string | false {
  const hours = (denominator?.value ?? 1) * ({ d: 24, h: 1 }[denominator?.code ?? denominator?.unit ?? ""] ?? 0);
  return numerator !== undefined && hours > 0 && t("dosage.atMost", { what: quantityOf(numerator), time: t("time.hours", { n: hours }) });
}

/** Units of a Timing's period, by the names that `Intl` has for them. */
const UNITS: Readonly<Record<string, string>> = { min: "minute", h: "hour", d: "day", wk: "week", mo: "month", a: "year" };

/** How often, other than each day: "1 × / 8 hours"; "" if unknown. */
function oftenWords({ frequency = 1, period, periodUnit }: TimingRepeat): string {
  const unit = UNITS[periodUnit ?? ""];
  if (period === undefined || unit === undefined) return "";
  const parts = new Intl.NumberFormat(locale.value, { style: "unit", unit, unitDisplay: "long" }).formatToParts(period);
  const length = parts.filter(({ type }) => period !== 1 || type === "unit").map(({ value }) => value);
  return `${numberIn(frequency)}\u00a0× / ${length.join("")}`;
}

/** Times of the day, and days of the week: "08:00, 20:00". */
function timesWords({ timeOfDay = [], dayOfWeek = [] }: TimingRepeat): string {
  const { format } = new Intl.DateTimeFormat(locale.value, { weekday: "short", timeZone: "UTC" });
  const days = WEEK.flatMap((day, index) => (dayOfWeek.includes(day) ? [format(new Date(Date.UTC(2024, 0, 1 + index)))] : []));
  return listed([...days, ...timeOfDay.map((time) => time.slice(0, 5))]);
}

/** FHIR's days of the week from Monday on, as the first day of 2024 was. */
const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** For how long: until a day, or for a number of days, weeks or months. */
function untilWords({ boundsPeriod, boundsDuration: { value, code, unit } = {} }: TimingRepeat): string | false {
  if (boundsPeriod?.end !== undefined) return t("dosage.until", { date: dateOf(boundsPeriod.end) });
  const name = UNITS[code ?? unit ?? ""];
  return (
    name !== undefined &&
    value !== undefined &&
    t("dosage.during", { time: numberIn(value, { style: "unit", unit: name, unitDisplay: "long" }) })
  );
}

/** The text; "" if nothing is known. */
export function dosageWords([of]: Dosage[] = []): string {
  if (!of) return "";
  const dose = of.doseAndRate?.[0]?.doseQuantity;
  const repeat = repeatOf(of.timing) ?? {};
  const { frequency = 1, period, periodUnit } = repeat;
  const isNeeded = isAsNeeded(of);
  const isDaily = period === 1 && periodUnit === "d";
  const isApart = isNeeded && frequency === 1 && period !== undefined && periodUnit === "h";
  const often = isDaily ? t("timing.aDay", { n: frequency }) : oftenWords(repeat);
  const apart = isApart && t("dosage.apart", { time: t("time.hours", { n: period }) });
  const timed = apart || (often !== "" && isNeeded ? t("dosage.upTo", { often }) : often);
  const dosed = [dose && quantityOf(dose), routeOf(of.route)];
  return joined(
    of.text,
    ...dosed,
    isNeeded && needWords(of),
    timed,
    whenWords(repeat),
    timesWords(repeat),
    mostWords(of),
    untilWords(repeat),
  );
}
