import { numberOf } from "../../fhir/json.ts";
import type { Money } from "../../fhir/r4.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import type { Refusal } from "../../mixins/fhir/rules/rule.ts";
import { exponentOf } from "../../fhir/currency-decimals.ts";

/** Limit of an amount: sums of thousands below it are exact to the third decimal. */
const LARGEST = 1e12;

/** Whether an amount is too large to be paid or summed, or not a number. */
export const isTooLarge = ({ value }: Money): boolean => Math.abs(numberOf(value) ?? 0) >= LARGEST;

/** Whether a unit can have this price: acts are charged by it without a person who would see that it is wrong. */
export const isPrice = (amount: Money): boolean =>
  (numberOf(amount.value) ?? -1) >= 0 && !isTooLarge(amount) && amount.currency !== undefined;

/** Number of decimals, without trailing zeros and rounding errors of double sums: of 1.50 one, of 2e-3 three, of 0.30000000000000004 one. */
function decimalsOf(value: number): number {
  const [, digits = "", power = "0"] = /^-?\d+(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(Number(value.toPrecision(15)))) ?? [];
  return Math.max(0, digits.length - Number(power));
}

/** Whether an amount has more decimals than its currency. */
export const isTooFine = ({ value, currency }: Money): boolean =>
  currency !== undefined && decimalsOf(numberOf(value) ?? 0) > exponentOf(currency);

/** The refusal of such an amount. @param id of the rule */
export const tooFine = (id: string, at: string, { currency = "" }: Money): Refusal =>
  refusal(id, `${currency} has ${exponentOf(currency)} decimals: give an amount that can be paid.`, at, 422);
