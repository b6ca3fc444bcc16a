/** FHIRPath's functions and operators on collections, those that R4's invariants use. */
import { isRawNumber, numberOf, plainText } from "../../json.ts";
import { NotPlain } from "./parse-expression.ts";
import { EMPTY, type Evaluate, type List, only, type Scope, truth, truthOf, VALUELESS } from "./fhirpath-values.ts";

/** Functions without arguments. */
export const functions: Record<string, (list: List) => List> = {
  exists: (list) => truth(list.length > 0),
  empty: (list) => truth(list.length === 0),
  not: (list) => {
    const value = truthOf(list);
    return value === undefined ? EMPTY : truth(!value);
  },
  count: (list) => [list.length],
  hasValue: (list) => truth(list.length === 1 && (typeof list[0] !== "object" || numberOf(list[0]) !== undefined)),
  isDistinct: (list) => truth(new Set(list).size === list.length),
  first: (list) => (list.length > 1 ? [list[0]] : list),
  tail: (list) => list.slice(1),
  toInteger: (list) => {
    const value = only(list);
    if (typeof value === "string") return /^[+-]?\d{1,10}$/.test(value) ? [Number(value)] : EMPTY;
    return Number.isInteger(value) ? [value] : EMPTY;
  },
};

/** Functions with a condition on each item. */
export const criteria: Record<string, (list: List, criterion: Evaluate, scope: Scope) => List> = {
  where: (list, criterion, scope) => list.filter((node) => truthOf(criterion([node], scope)) === true),
  exists: (list, criterion, scope) => truth(list.some((node) => truthOf(criterion([node], scope)) === true)),
  all: (list, criterion, scope) => truth(list.every((node) => truthOf(criterion([node], scope)) === true)),
};

/** A function of two texts that returns a truth value. */
export type TextFunction = (argument: string) => (text: string) => boolean;

/** Functions of a single text with a text as argument. */
export const textFunctions: Record<string, TextFunction> = {
  startsWith: (start) => (text) => text.startsWith(start),
  contains: (part) => (text) => text.includes(part),
  matches: (form) => {
    const regex = regexOf(form);
    return (text) => regex.test(text);
  },
};

function regexOf(form: string): RegExp {
  try {
    return new RegExp(form, "s");
  } catch {
    throw new NotPlain("matches");
  }
}

/** The right operand is evaluated only if it affects the result. */
export const logical: Record<string, (left: boolean | undefined, right: () => boolean | undefined) => boolean | undefined> = {
  and: (left, right) => {
    if (left === false) return false;
    const other = right();
    return other === false ? false : left && other;
  },
  or: (left, right) => {
    if (left === true) return true;
    const other = right();
    return other === true ? true : left === undefined || other === undefined ? undefined : false;
  },
  xor: (left, right) => {
    const other = right();
    return left === undefined || other === undefined ? undefined : left !== other;
  },
  implies: (left, right) => {
    if (left === false) return true;
    const other = right();
    return other === true ? true : left === undefined ? undefined : other;
  },
};

/** Operators of two collections. */
export const operators: Record<string, (left: List, right: List) => List> = {
  "=": (left, right) => truth(areEqual(left, right)),
  "!=": (left, right) => {
    const equal = areEqual(left, right);
    return truth(equal === undefined ? undefined : !equal);
  },
  in: (left, right) => (left.length === 0 ? EMPTY : truth(right.some((item) => areEqual(left, [item]) === true))),
  "|": (left, right) => [...new Set([...left, ...right])],
  "+": (left, right) => {
    const a = numberOf(only(left));
    const b = numberOf(only(right));
    return a === undefined || b === undefined ? EMPTY : [a + b];
  },
  "&": (left, right) => [`${plainText(only(left))}${plainText(only(right))}`],
};

/** A text that is the same for equal values, whatever the order of their members. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item) && !isRawNumber(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

function areEqual(left: List, right: List): boolean | undefined {
  if (left.length === 0 || right.length === 0) return undefined;
  if (left.length !== right.length) return false;
  if (left.includes(VALUELESS) || right.includes(VALUELESS)) return undefined;
  return left.every((item, index) => (numberOf(item) ?? item) === (numberOf(right[index]) ?? right[index]));
}
