import { exponentOf } from "../../fhir/currency-decimals.ts";
import type { Money } from "../../fhir/r4.ts";

/** Money as FHIR writes it, from the smallest units of its currency. */
export const money = (units: number, currency: string): Money => ({ value: units / 10 ** exponentOf(currency), currency });

/**
 * An amount in the smallest units of its currency. Half a unit is rounded away from zero, as it is written: 1.005 EUR are 101 cents, though the
 * double beside it is below.
 */
export const unitsIn = (amount: number, currency: string): number =>
  Math.sign(amount) * Math.round(Number((Math.abs(amount) * 10 ** exponentOf(currency)).toPrecision(15)));
