/** A dosage in words, also where it was noted in numbers only. */
import type { MedicationStatement } from "../../../../../fhir/r4.ts";
import { quantityOf } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";
import { dosageTextOf, timesADayOf } from "./home-medication-status.ts";

/** As who noted it has said it; else one dose, and how often a day; "": nothing is known of it. */
export function dosageWords(one: MedicationStatement): string {
  const dose = one.dosage?.[0]?.doseAndRate?.[0]?.doseQuantity;
  const often = Number(timesADayOf(one));
  const numbers = [dose && quantityOf(dose), often > 0 && t("timing.aDay", { n: often })].filter(Boolean);
  return dosageTextOf(one) || numbers.join(" · ");
}
