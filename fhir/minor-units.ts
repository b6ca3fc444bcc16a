/** Amounts of money in the minor units of their currency (cents), with the decimals of ISO 4217: on the server and in pages. */
import { exponentOf } from "./currency-decimals.ts";
import type { Money } from "./r4.ts";

/** A FHIR Money from minor units of its currency. */
export const money = (units: number, currency: string): Money => ({ value: units / 10 ** exponentOf(currency), currency });

/** An amount in minor units of its currency, with what is finer than one: 0.0125 EUR are 1.25 cents. By the decimal notation, not the double. */
export const fineUnitsIn = (amount: number, currency: string): number => Number((amount * 10 ** exponentOf(currency)).toPrecision(15));

/** Whole minor units. Half a unit is rounded away from zero, by the decimal notation. */
export const wholeUnits = (units: number): number => Math.sign(units) * Math.round(Number(Math.abs(units).toPrecision(15)));

/** An amount in whole minor units of its currency: 1.005 EUR are 101 cents, although the double is slightly below. */
export const unitsIn = (amount: number, currency: string): number => wholeUnits(fineUnitsIn(amount, currency));

/** The sum of amounts in one currency, rounded once: twice 1.005 EUR are 201 cents. */
export const sumInUnits = (amounts: number[], currency: string): number =>
  unitsIn(
    amounts.reduce((sum, amount) => sum + amount, 0),
    currency,
  );
