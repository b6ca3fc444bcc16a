/** FHIRPath's collections as JavaScript arrays; empty is the empty array. */

import type { EvaluationBudget } from "../../expressions/budget.ts";

/** The context of an evaluation, besides the element on which it starts. */
export interface Scope {
  /** `%resource`: the resource that the element is in. */
  resource: unknown;
  /** The budget of a metered expression; see `compileMetered`. */
  budget?: EvaluationBudget;
}

/** A FHIRPath collection. */
export type List = unknown[];

/** A compiled expression: returns its result, starting from these nodes. */
export type Evaluate = (nodes: List, scope: Scope) => List;

/** A primitive with extensions and without a value. */
export const VALUELESS = Object.freeze({});

/** The empty collection: neither true nor false. */
export const EMPTY: List = [];
/** True, as a collection. */
export const TRUE: List = [true];
/** False, as a collection. */
export const FALSE: List = [false];

/** A truth value as a collection; undefined becomes the empty one. */
export const truth = (value: boolean | undefined): List => (value === undefined ? EMPTY : value ? TRUE : FALSE);

/** The single value of a list; undefined if there is none, several, or one without a value. */
export const only = (list: List): unknown => (list.length === 1 && list[0] !== VALUELESS ? list[0] : undefined);

/** True, false, or undefined for empty; a single item that is no boolean is true (FHIRPath N1, "Singleton Evaluation"). */
export function truthOf(list: List): boolean | undefined {
  if (list.length === 0) return undefined;
  return typeof list[0] === "boolean" ? list[0] : true;
}
