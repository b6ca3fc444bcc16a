import { exponentOf } from "../../fhir/currency-decimals.ts";
import type { Money } from "../../fhir/r4.ts";

/** A FHIR Money from minor units of its currency. */
export const money = (units: number, currency: string): Money => ({ value: units / 10 ** exponentOf(currency), currency });

/**
 * An amount in minor units of its currency. Half a unit is rounded away from zero, by the decimal notation: 1.005 EUR are 101 cents, although
 * the double is slightly below.
 */
export const unitsIn = (amount: number, currency: string): number =>
  Math.sign(amount) * Math.round(Number((Math.abs(amount) * 10 ** exponentOf(currency)).toPrecision(15)));
