import { numberOf } from "../../fhir/json.ts";
import type { Money } from "../../fhir/r4.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import type { Refusal } from "../../mixins/fhir/rules/rule.ts";
import { exponentOf } from "./minor-units.ts";

/** Larger than whatever is paid; sums of thousands are exact to the third decimal. */
const LARGEST = 1e12;

/** An amount that nobody can pay, or that is no number that can be added up. */
export const isTooLarge = ({ value }: Money): boolean => Math.abs(numberOf(value) ?? 0) >= LARGEST;

/** Decimals of a number, but for zeros at its end and what only a sum of doubles has: of 1.50 one, of 2e-3 three, of 0.30000000000000004 one. */
function decimalsOf(value: number): number {
  const [, digits = "", power = "0"] = /^-?\d+(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(Number(value.toPrecision(15)))) ?? [];
  return Math.max(0, digits.length - Number(power));
}

/** An amount with more decimals than its currency has. */
export const isTooFine = ({ value, currency }: Money): boolean =>
  currency !== undefined && decimalsOf(numberOf(value) ?? 0) > exponentOf(currency);

/** The refusal of an amount that is too fine. @param id of the rule */
export const tooFine = (id: string, at: string, { currency = "" }: Money): Refusal =>
  refusal(id, `${currency} has ${exponentOf(currency)} decimals: give an amount that can be paid.`, at, 422);
