/** The lines of a bill as text. */
import type { ChargeItem, Invoice } from "../../../../../fhir/r4.ts";
import { readAll } from "../../platform/api.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { t } from "../../platform/texts.ts";
import { sumOf } from "./open.ts";

/** One line of a bill. */
export interface Line {
  /** "ChargeItem/…"; absent if the line has none. */
  charge?: string;
  text: string;
  /** Absent if the line has none. */
  amount?: string;
}

/** The lines of a bill; without the texts of its charges until they are loaded. */
export function useLines(of: Invoice): { lines: Line[]; loaded: Loaded<Map<string, ChargeItem>> } {
  const all = of.lineItem ?? [];
  const references = all.flatMap(({ chargeItemReference }) => chargeItemReference?.reference ?? []);
  const loaded = useLoad(`charges ${of.id}`, () => readAll<ChargeItem>(references));
  const lines = all.map(({ chargeItemReference, chargeItemCodeableConcept, priceComponent }, index): Line => {
    const charge = chargeItemReference?.reference;
    const { value = 0, currency = "EUR" } = priceComponent?.[0]?.amount ?? {};
    return {
      ...(charge !== undefined && { charge }),
      text: conceptOf(chargeItemCodeableConcept) || conceptOf(loaded.value?.get(charge ?? "")?.code) || t("cash.charge", { n: index + 1 }),
      ...(priceComponent?.[0]?.amount && { amount: sumOf([value], currency) }),
    };
  });
  return { lines, loaded };
}
