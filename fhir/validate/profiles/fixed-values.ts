/** Fixed values and patterns of a profile (R4 ElementDefinition.fixed[x], pattern[x]). */
import type { EvaluationBudget } from "../../expressions/budget.ts";
import { isRawNumber, numberOf } from "../../json.ts";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value);

/** Whether two values are the same, member for member. @throws TooCostly, as `fits` */
export function isSame(value: unknown, fixed: unknown, budget: EvaluationBudget): boolean {
  budget.spend(1);
  if (Array.isArray(fixed)) {
    return Array.isArray(value) && value.length === fixed.length && fixed.every((item, index) => isSame(value[index], item, budget));
  }
  if (!isObject(fixed)) return isSamePrimitive(value, fixed);
  if (!isObject(value)) return false;
  const names = Object.keys(fixed);
  budget.spend(names.length);
  return names.length === Object.keys(value).length && names.every((name) => isSame(value[name], fixed[name], budget));
}

/** Whether a value has everything in the pattern, and possibly more; a list needs an item for each of the pattern's. */
export function fits(value: unknown, pattern: unknown, budget: EvaluationBudget): boolean {
  budget.spend(1);
  if (Array.isArray(pattern)) return Array.isArray(value) && pattern.every((item) => value.some((own) => fits(own, item, budget)));
  if (!isObject(pattern)) return isSamePrimitive(value, pattern);
  return isObject(value) && Object.keys(pattern).every((name) => fits(value[name], pattern[name], budget));
}

function isSamePrimitive(value: unknown, other: unknown): boolean {
  const number = numberOf(other);
  return number === undefined ? value === other : numberOf(value) === number;
}
