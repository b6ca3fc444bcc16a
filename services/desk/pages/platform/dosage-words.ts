/** A dosage as text: in the prescriber's words, with dose, route, frequency and limits as far as they are known as numbers and codes. */
import { isAsNeeded } from "../../../../fhir/dose-limits.ts";
import type { Dosage } from "../../../../fhir/r4.ts";
import { routeOf } from "./routes.ts";
import { conceptOf, quantityOf } from "./shown-values.ts";
import { joined, t } from "./texts.ts";

function needWords(of: Dosage): string {
  const what = conceptOf(of.asNeededCodeableConcept);
  return what === "" ? t("dosage.asNeeded") : t("dosage.asNeededFor", { what });
}

function mostWords({ maxDosePerPeriod: { numerator, denominator } = {} }: Dosage): string | false {
  const hours = (denominator?.value ?? 1) * ({ d: 24, h: 1 }[denominator?.code ?? denominator?.unit ?? ""] ?? 0);
  return numerator !== undefined && hours > 0 && t("dosage.atMost", { what: quantityOf(numerator), time: t("time.hours", { n: hours }) });
}

/** The text; "" if nothing is known. */
export function dosageWords([of]: Dosage[] = []): string {
  if (!of) return "";
  const dose = of.doseAndRate?.[0]?.doseQuantity;
  const { frequency = 1, period, periodUnit } = of.timing?.repeat ?? {};
  const isNeeded = isAsNeeded(of);
  const isDaily = of.timing?.repeat?.frequency !== undefined && period === 1 && periodUnit === "d";
  const isApart = isNeeded && frequency === 1 && period !== undefined && periodUnit === "h";
  const often = t("timing.aDay", { n: frequency });
  const daily = isDaily && (isNeeded ? t("dosage.upTo", { often }) : often);
  const apart = isApart && t("dosage.apart", { time: t("time.hours", { n: period }) });
  return joined(of.text, dose && quantityOf(dose), routeOf(of.route), isNeeded && needWords(of), daily, apart, mostWords(of));
}
