/**
 * R4's invariants as plain functions. Collections are JavaScript lists, and empty is the empty list, as in FHIRPath; a rule is kept
 * when it evaluates to true. Two things are as HL7 wrote the rules for, rather than as FHIRPath N1 has them: a text
 * function of nothing is false (`fullUrl.contains('/_history/').not()` holds without a fullUrl), and two values that cannot be
 * compared, such as times to different precision, do not break an order.
 */
import { isRawNumber, numberOf } from "../../json.ts";
import { intervalOf } from "../../search/dates.ts";
import { backboneOf, type ElementJson, elementsOf, isPrimitiveType, isResource } from "../definition.ts";
import { type Ast, NotPlain, parse } from "./parse.ts";

/** What an expression may speak of besides its element. */
export interface Scope {
  resource: unknown;
}

type List = unknown[];
type Evaluate = (nodes: List, scope: Scope) => List;

/** A primitive that has extensions and no value. */
const VALUELESS = Object.freeze({});

/** What is statically known of a collection: the elements of its items, and the primitive types that they may have. */
interface Shape {
  elements: ElementJson[];
  primitives: string[];
}

interface Compiled {
  evaluate: Evaluate;
  shape: Shape;
}

const EMPTY: List = [];
const TRUE: List = [true];
const FALSE: List = [false];
const NO_SHAPE: Shape = { elements: [], primitives: [] };
const truth = (value: boolean | undefined): List => (value === undefined ? EMPTY : value ? TRUE : FALSE);
const only = (list: List): unknown => (list.length === 1 && list[0] !== VALUELESS ? list[0] : undefined);

/** True, false, or undefined for empty; one item that is no boolean is true (FHIRPath N1, "Singleton Evaluation"). */
function truthOf(list: List): boolean | undefined {
  if (list.length === 0) return undefined;
  return typeof list[0] === "boolean" ? list[0] : true;
}

/**
 * @param elements of the element that the expression is evaluated on
 * @param resource the type of the resource that it is in, where that is known
 * @throws NotPlain
 */
export function compilePlain(
  expression: string,
  type: string,
  elements: ElementJson[],
  resource?: string,
): (node: unknown, scope: Scope) => boolean {
  const primitives = elements.length === 0 ? [type] : [];
  const here: Shape = { elements, primitives };
  const { evaluate } = new Compiler(here, resource).compile(parse(expression), here);
  return (node, scope) => truthOf(evaluate([node], scope)) === true;
}

class Compiler {
  private readonly root: Shape;
  private readonly resource: string | undefined;

  constructor(root: Shape, resource: string | undefined) {
    this.root = root;
    this.resource = resource;
  }

  compile(ast: Ast, here: Shape): Compiled {
    switch (ast.is) {
      case "literal": {
        const value = [ast.value];
        return { evaluate: () => value, shape: NO_SHAPE };
      }
      case "this":
        return { evaluate: (nodes) => nodes, shape: here };
      case "variable":
        return this.variable(ast.name);
      case "member":
        return this.member(ast, here);
      case "call":
        return this.call(ast, here);
      case "operator":
        return this.operator(ast.name, this.compile(ast.left, here), this.compile(ast.right, here));
      case "type":
        return this.ofType(this.compile(ast.of, here), ast.type);
    }
  }

  private variable(name: string): Compiled {
    if (name === "ucum") return { evaluate: () => ["http://unitsofmeasure.org"], shape: NO_SHAPE };
    if (name !== "resource" || this.resource === undefined) throw new NotPlain(`%${name}`);
    return { evaluate: (_, scope) => [scope.resource], shape: { elements: elementsOf(this.resource), primitives: [] } };
  }

  private member({ of, name }: Extract<Ast, { is: "member" }>, here: Shape): Compiled {
    // A rule may begin with the name of its own type: `Appointment.status`.
    if (!of && name === this.resource && here === this.root) return { evaluate: (nodes) => nodes, shape: here };
    const from = of ? this.compile(of, here) : { evaluate: (nodes: List) => nodes, shape: here };
    const { names, shape } = step(from.shape, name);
    const { evaluate } = from;
    if (!of) return { evaluate: (nodes) => stepInto(nodes, names), shape };
    return { evaluate: (nodes, scope) => stepInto(evaluate(nodes, scope), names), shape };
  }

  private ofType(of: Compiled, type: string): Compiled {
    // Only the types of JSON values show in them; a resource says its own.
    if (!isResource(type)) throw new NotPlain(`is ${type}`);
    return {
      evaluate: (nodes, scope) => {
        const value = only(of.evaluate(nodes, scope));
        return value === undefined ? EMPTY : truth((value as { resourceType?: unknown }).resourceType === type);
      },
      shape: NO_SHAPE,
    };
  }

  private call({ of, name, args }: Extract<Ast, { is: "call" }>, here: Shape): Compiled {
    const from: Compiled = of ? this.compile(of, here) : { evaluate: (nodes) => nodes, shape: here };
    const before = from.evaluate;
    const [first] = args;
    if (name === "trace") return from;
    const criterion = first && ["where", "exists", "all", "select"].includes(name) ? this.compile(first, from.shape).evaluate : undefined;
    const each = criteria[name];
    if (each && criterion) return { evaluate: (nodes, scope) => each(before(nodes, scope), criterion, scope), shape: from.shape };
    if (name === "select" && criterion && first) {
      const { shape } = this.compile(first, from.shape);
      return { evaluate: (nodes, scope) => before(nodes, scope).flatMap((node) => criterion([node], scope)), shape };
    }
    if (name === "is" && first?.is === "member" && !first.of) return this.ofType(from, first.name);
    if (name === "ofType" && first?.is === "member" && of?.is === "member" && !of.of) return choiceOf(here, of.name, first.name);
    const plain = args.length === 0 ? functions[name] : undefined;
    if (plain) return { evaluate: (nodes, scope) => plain(before(nodes, scope)), shape: from.shape };
    if (first && Object.hasOwn(textFunctions, name)) return this.textFunction(textFunctions[name]!, from, first, here);
    throw new NotPlain(name);
  }

  private textFunction(make: TextFunction, { evaluate }: Compiled, argument: Ast, here: Shape): Compiled {
    const fixed = argument.is === "literal" && typeof argument.value === "string" ? make(argument.value) : undefined;
    const given = this.compile(argument, here).evaluate;
    return {
      evaluate: (nodes, scope) => {
        const value = only(evaluate(nodes, scope));
        if (typeof value !== "string") return FALSE;
        if (fixed) return truth(fixed(value));
        const text = only(given(nodes, scope));
        return typeof text === "string" ? truth(make(text)(value)) : EMPTY;
      },
      shape: NO_SHAPE,
    };
  }

  private operator(name: string, left: Compiled, right: Compiled): Compiled {
    const a = left.evaluate;
    const b = right.evaluate;
    const logic = logical[name];
    if (logic)
      return { evaluate: (nodes, scope) => truth(logic(truthOf(a(nodes, scope)), () => truthOf(b(nodes, scope)))), shape: NO_SHAPE };
    if (name === "<" || name === ">" || name === "<=" || name === ">=") return order(name, left, right);
    const other = operators[name];
    if (!other) throw new NotPlain(name);
    const shape = name === "|" ? union(left.shape, right.shape) : NO_SHAPE;
    return { evaluate: (nodes, scope) => other(a(nodes, scope), b(nodes, scope)), shape };
  }
}

const union = (a: Shape, b: Shape): Shape => ({
  elements: [...a.elements, ...b.elements],
  primitives: [...a.primitives, ...b.primitives],
});

interface Names {
  name: string;
  /** Where the extensions of a primitive stand. */
  sibling: string | undefined;
}

function step({ elements }: Shape, name: string): { names: Names[]; shape: Shape } {
  const found = elements.filter((element) => element.name === name);
  if (found.length === 0) throw new NotPlain(name);
  const shape: Shape = { elements: [], primitives: [] };
  const names = new Map<string, Names>();
  for (const element of found) {
    if (element.as) {
      names.set(name, { name, sibling: undefined });
      shape.elements.push(...backboneOf(element.as).elements);
    }
    for (const type of element.types ?? []) {
      const isPrimitive = isPrimitiveType(type);
      const json = element.isChoice ? name + type[0]!.toUpperCase() + type.slice(1) : name;
      names.set(json, { name: json, sibling: isPrimitive ? `_${json}` : undefined });
      if (isPrimitive) shape.primitives.push(type);
      else if (!element.elements) shape.elements.push(...elementsOf(type));
    }
    if (element.elements) shape.elements.push(...elementsOf("BackboneElement"), ...element.elements);
  }
  return { names: [...names.values()], shape };
}

/** `value.ofType(Quantity)` */
function choiceOf({ elements }: Shape, name: string, type: string): Compiled {
  const element = elements.find((candidate) => candidate.name === name && candidate.isChoice);
  if (!element?.types?.includes(type)) throw new NotPlain(`${name}.ofType(${type})`);
  const { names, shape } = step({ elements: [{ ...element, types: [type] }], primitives: [] }, name);
  return { evaluate: (nodes) => stepInto(nodes, names), shape };
}

function stepInto(nodes: List, names: Names[]): List {
  const found: List = [];
  for (const node of nodes) {
    if (typeof node !== "object" || node === null) continue;
    for (const { name, sibling } of names) {
      const value = (node as Record<string, unknown>)[name];
      if (Array.isArray(value)) {
        for (const item of value) found.push(item ?? VALUELESS);
      } else if (value !== undefined && value !== null) {
        found.push(value);
      } else if (sibling !== undefined) {
        const extended = (node as Record<string, unknown>)[sibling];
        if (extended !== undefined) found.push(VALUELESS);
      }
    }
  }
  return found.length === 0 ? EMPTY : found;
}

const functions: Record<string, (list: List) => List> = {
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

const criteria: Record<string, (list: List, criterion: Evaluate, scope: Scope) => List> = {
  where: (list, criterion, scope) => list.filter((node) => truthOf(criterion([node], scope)) === true),
  exists: (list, criterion, scope) => truth(list.some((node) => truthOf(criterion([node], scope)) === true)),
  all: (list, criterion, scope) => truth(list.every((node) => truthOf(criterion([node], scope)) === true)),
};

type TextFunction = (argument: string) => (text: string) => boolean;

const textFunctions: Record<string, TextFunction> = {
  startsWith: (start) => (text) => text.startsWith(start),
  contains: (part) => (text) => text.includes(part),
  matches: (form) => {
    const regex = new RegExp(form, "s");
    return (text) => regex.test(text);
  },
};

const logical: Record<string, (left: boolean | undefined, right: () => boolean | undefined) => boolean | undefined> = {
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

const operators: Record<string, (left: List, right: List) => List> = {
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
  "&": (left, right) => [`${String(only(left) ?? "")}${String(only(right) ?? "")}`],
};

/** The same for what is equal, whichever order its members are in. */
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

/** A zone may lie this far from UTC. */
const FARTHEST_ZONE = 14 * 3_600_000; // milliseconds

function order(name: "<" | ">" | "<=" | ">=", left: Compiled, right: Compiled): Compiled {
  const isTime = [left, right].every(({ shape }) =>
    shape.primitives.some((type) => type === "dateTime" || type === "date" || type === "instant"),
  );
  const breaks = (a: unknown, b: unknown): boolean | undefined => {
    if (isTime) return isAfter(a, b);
    const [x, y] = comparable(a, b);
    return x === undefined || y === undefined ? undefined : x > y;
  };
  const [low, high] = name.startsWith("<") ? [left, right] : [right, left];
  const isStrict = name.length === 1;
  return {
    evaluate: (nodes, scope) => {
      const a = only(low.evaluate(nodes, scope));
      const b = only(high.evaluate(nodes, scope));
      if (a === undefined || b === undefined) return EMPTY;
      if (breaks(a, b)) return FALSE;
      if (!isStrict) return TRUE;
      const [x, y] = comparable(a, b);
      return truth(x === undefined || x !== y);
    },
    shape: NO_SHAPE,
  };
}

/** Numbers as they are, quantities of the same unit by their values. */
function comparable(a: unknown, b: unknown): [number | undefined, number | undefined] {
  const isQuantity = typeof a === "object" && typeof b === "object" && numberOf(a) === undefined && numberOf(b) === undefined;
  if (!isQuantity) return [numberOf(a), numberOf(b)];
  const { value: x, ...one } = a as Record<string, unknown>;
  const { value: y, ...two } = b as Record<string, unknown>;
  const isSameUnit =
    one["code"] === two["code"] && one["system"] === two["system"] && (one["code"] !== undefined || one["unit"] === two["unit"]);
  return isSameUnit ? [numberOf(x), numberOf(y)] : [undefined, undefined];
}

function isAfter(a: unknown, b: unknown): boolean | undefined {
  const one = typeof a === "string" ? intervalOf(a) : undefined;
  const two = typeof b === "string" ? intervalOf(b) : undefined;
  if (!one || !two) return undefined;
  const isZoned = (text: unknown) => (text as string).length > 10;
  return one[0] > two[1] + (isZoned(a) === isZoned(b) ? 0 : FARTHEST_ZONE);
}
