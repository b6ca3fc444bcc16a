/** Collections of FHIRPath as JavaScript lists; empty is the empty list. */

import type { EvaluationBudget } from "../../expressions/budget.ts";

/** What an expression may refer to besides the element that it is evaluated on. */
export interface Scope {
  /** `%resource`: the resource that the element is in. */
  resource: unknown;
  /** What a metered expression is charged to; see `compileMetered`. */
  budget?: EvaluationBudget;
}

/** A FHIRPath collection. */
export type List = unknown[];

/** Of an expression: what it finds, starting from these nodes. */
export type Evaluate = (nodes: List, scope: Scope) => List;

/** A primitive that has extensions and no value. */
export const VALUELESS = Object.freeze({});

/** Neither true nor false. */
export const EMPTY: List = [];
/** True, as a collection. */
export const TRUE: List = [true];
/** False, as a collection. */
export const FALSE: List = [false];

/** A truth value as a collection; undefined is the empty one. */
export const truth = (value: boolean | undefined): List => (value === undefined ? EMPTY : value ? TRUE : FALSE);

/** The single value of a list; undefined when there is none, several, or one that has no value. */
export const only = (list: List): unknown => (list.length === 1 && list[0] !== VALUELESS ? list[0] : undefined);

/** True, false, or undefined for empty; one item that is no boolean is true (FHIRPath N1, "Singleton Evaluation"). */
export function truthOf(list: List): boolean | undefined {
  if (list.length === 0) return undefined;
  return typeof list[0] === "boolean" ? list[0] : true;
}
