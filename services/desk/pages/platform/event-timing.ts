/** When in the day something is taken, other than by the clock: before a meal, at bedtime (R4 EventTiming). */
import type { TimingRepeat } from "../../../../fhir/r4.ts";
import { listed, locale, numberIn, t } from "./texts.ts";

/** An hour in each part of the day, by which `Intl` names it. */
const HOURS: Readonly<Record<string, number>> = { MORN: 7, NOON: 12, AFT: 15, EVE: 19, NIGHT: 23 };

const MEALS = { "": "meal", M: "meal.M", D: "meal.D", V: "meal.V" } as const;
const MEAL = /^(AC|PC|C)(M|D|V|)$/;

function words(code: string): string {
  if (code === "HS") return t("when.HS");
  const [, side, meal] = MEAL.exec(code) ?? [];
  if (side !== undefined) return t(`when.${side as "AC" | "PC" | "C"}`, { meal: t(MEALS[meal as keyof typeof MEALS]) });
  const hour = HOURS[code.split(".", 1)[0] ?? ""];
  if (hour === undefined) return code; // it is not left out: who reads it can ask
  return new Intl.DateTimeFormat(locale.value, { dayPeriod: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1, hour)));
}

/** In words, with the minutes before or after; "" if nothing is said. */
export function whenWords({ when = [], offset }: TimingRepeat): string {
  const said = listed(when.map(words));
  if (said === "" || offset === undefined) return said;
  return `${said} (${numberIn(offset, { style: "unit", unit: "minute", unitDisplay: "short" })})`;
}
