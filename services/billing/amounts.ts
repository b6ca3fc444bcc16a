import { numberOf } from "../../fhir/json.ts";
import type { Money } from "../../fhir/r4.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import type { Refusal } from "../../mixins/fhir/rules/rule.ts";
import { exponentOf } from "./currencies.ts";

/** Larger than whatever is paid; sums of thousands are exact to the third decimal. */
const LARGEST = 1e12;

/** An amount that nobody can pay, or that is no number that can be added up. */
export const isTooLarge = ({ value }: Money): boolean => Math.abs(numberOf(value) ?? 0) >= LARGEST;

/** An amount with more digits than its currency has. */
export function isTooFine({ value, currency }: Money): boolean {
  const number = numberOf(value);
  if (number === undefined || currency === undefined) return false;
  const units = Math.abs(number) * 10 ** exponentOf(currency);
  return Math.abs(units - Math.round(units)) > 1e-6 * Math.max(1, units);
}

/** The refusal of an amount that is too fine. @param id of the rule */
export const tooFine = (id: string, at: string, { currency = "" }: Money): Refusal =>
  refusal(id, `${currency} has ${exponentOf(currency)} decimals: give an amount that can be paid.`, at, 422);
