/** A dosage as text: in the prescriber's words, with dose and frequency as far as they are known as numbers. */
import type { Dosage } from "../../../../fhir/r4.ts";
import { quantityOf } from "./shown-values.ts";
import { joined, t } from "./texts.ts";

/** The text; "" if nothing is known. */
export function dosageWords([of]: Dosage[] = []): string {
  const dose = of?.doseAndRate?.[0]?.doseQuantity;
  const { frequency = 0, period, periodUnit } = of?.timing?.repeat ?? {};
  const isDaily = frequency > 0 && period === 1 && periodUnit === "d";
  return joined(of?.text, dose && quantityOf(dose), isDaily && t("timing.aDay", { n: frequency }));
}
