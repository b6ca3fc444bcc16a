/**
 * Compiles R4's invariants to plain functions. Collections are JavaScript arrays, and empty is the empty array, as in FHIRPath; an invariant
 * holds if it evaluates to true. In two respects it follows HL7's intention rather than FHIRPath N1: a text
 * function of an empty collection is false (`fullUrl.contains('/_history/').not()` holds without a fullUrl), and two values that cannot be
 * compared, such as times of different precision, satisfy a comparison.
 */
import { backboneOf, type ElementJson, elementsOf, isPrimitiveType, isResource } from "../structure-definition.ts";
import { criteria, functions, logical, operators, type TextFunction, textFunctions } from "./functions.ts";
import { ordered } from "./order.ts";
import { type Ast, NotPlain, parse } from "./parse-expression.ts";
import { EMPTY, type Evaluate, FALSE, type List, only, type Scope, truth, truthOf, VALUELESS } from "./fhirpath-values.ts";
import { nonNull } from "../../non-null.ts";

/** What is statically known of a collection: the elements of its items, and their possible primitive types. */
interface Shape {
  elements: ElementJson[];
  primitives: string[];
}

interface Compiled {
  evaluate: Evaluate;
  shape: Shape;
}

const NO_SHAPE: Shape = { elements: [], primitives: [] };

/**
 * @param elements of the element on which the expression is evaluated
 * @param resource the type of its resource, if it is known
 * @throws NotPlain
 */
export function compilePlain(
  expression: string,
  type: string,
  elements: ElementJson[],
  resource?: string,
): (node: unknown, scope: Scope) => boolean {
  return compileRule(expression, type, elements, { resource, isMetered: false });
}

/**
 * Compiles an expression of a client: each node that it visits is charged to the scope's budget, and regular expressions are not
 * supported.
 * @throws NotPlain; the compiled function throws TooCostly
 */
export function compileMetered(expression: string, type: string, elements: ElementJson[]): (node: unknown, scope: MeteredScope) => boolean {
  return compileRule(expression, type, elements, { resource: undefined, isMetered: true });
}

type MeteredScope = Scope & Required<Pick<Scope, "budget">>;

function compileRule(
  expression: string,
  type: string,
  elements: ElementJson[],
  { resource, isMetered }: { resource: string | undefined; isMetered: boolean },
): (node: unknown, scope: Scope) => boolean {
  const primitives = elements.length === 0 ? [type] : [];
  const here: Shape = { elements, primitives };
  const { evaluate } = new Compiler(here, resource, isMetered).compile(parse(expression), here);
  return (node, scope) => truthOf(evaluate([node], scope)) === true;
}

const times = new Set(["date", "dateTime", "instant"]);

class Compiler {
  readonly #root: Shape;
  readonly #resource: string | undefined;
  readonly #isMetered: boolean;

  constructor(root: Shape, resource: string | undefined, isMetered: boolean) {
    this.#root = root;
    this.#resource = resource;
    this.#isMetered = isMetered;
  }

  compile(ast: Ast, here: Shape): Compiled {
    const compiled = this.#plain(ast, here);
    return this.#isMetered ? { ...compiled, evaluate: metered(compiled.evaluate) } : compiled;
  }

  #plain(ast: Ast, here: Shape): Compiled {
    switch (ast.is) {
      case "index":
        throw new NotPlain("an index");
      case "literal": {
        const value = [ast.value];
        return { evaluate: () => value, shape: NO_SHAPE };
      }
      case "this":
        return { evaluate: (nodes) => nodes, shape: here };
      case "variable":
        return this.#variable(ast.name);
      case "member":
        return this.#member(ast, here);
      case "call":
        return this.#call(ast, here);
      case "operator":
        return this.#operator(ast.name, this.compile(ast.left, here), this.compile(ast.right, here));
      case "type":
        return this.#ofType(this.compile(ast.of, here), ast.type);
    }
  }

  #variable(name: string): Compiled {
    if (name === "ucum") return { evaluate: () => ["http://unitsofmeasure.org"], shape: NO_SHAPE };
    if (name !== "resource" || this.#resource === undefined) throw new NotPlain(`%${name}`);
    return { evaluate: (_, scope) => [scope.resource], shape: { elements: elementsOf(this.#resource), primitives: [] } };
  }

  #member({ of, name }: Extract<Ast, { is: "member" }>, here: Shape): Compiled {
    // A rule may begin with the name of its own type: `Appointment.status`.
    if (!of && name === this.#resource && here === this.#root) return { evaluate: (nodes) => nodes, shape: here };
    const from = of ? this.compile(of, here) : { evaluate: (nodes: List) => nodes, shape: here };
    const { names, shape } = step(from.shape, name);
    const { evaluate } = from;
    if (!of) return { evaluate: (nodes) => stepInto(nodes, names), shape };
    return { evaluate: (nodes, scope) => stepInto(evaluate(nodes, scope), names), shape };
  }

  #ofType(of: Compiled, type: string): Compiled {
    // JSON values only show primitive types; a resource names its own.
    if (!isResource(type)) throw new NotPlain(`is ${type}`);
    return {
      evaluate: (nodes, scope) => {
        const value = only(of.evaluate(nodes, scope));
        return value === undefined ? EMPTY : truth((value as { resourceType?: unknown }).resourceType === type);
      },
      shape: NO_SHAPE,
    };
  }

  #call({ of, name, args }: Extract<Ast, { is: "call" }>, here: Shape): Compiled {
    const from: Compiled = of ? this.compile(of, here) : { evaluate: (nodes) => nodes, shape: here };
    const before = from.evaluate;
    const [first] = args;
    if (name === "trace") return from;
    const each = ownIn(criteria, name);
    if (first && (each || name === "select")) {
      const { evaluate: criterion, shape } = this.compile(first, from.shape);
      if (each) return { evaluate: (nodes, scope) => each(before(nodes, scope), criterion, scope), shape: from.shape };
      return { evaluate: (nodes, scope) => before(nodes, scope).flatMap((node) => criterion([node], scope)), shape };
    }
    if (name === "is" && first?.is === "member" && !first.of) return this.#ofType(from, first.name);
    if (name === "ofType" && first?.is === "member" && of?.is === "member" && !of.of) return choiceOf(here, of.name, first.name);
    const plain = args.length === 0 ? ownIn(functions, name) : undefined;
    if (plain) return { evaluate: (nodes, scope) => plain(before(nodes, scope)), shape: from.shape };
    // A pattern that is computed at run time might be invalid.
    const isFixed = name !== "matches" || (first?.is === "literal" && !this.#isMetered);
    if (first && isFixed && Object.hasOwn(textFunctions, name)) return this.#textFunction(nonNull(textFunctions[name]), from, first, here);
    throw new NotPlain(name);
  }

  #textFunction(make: TextFunction, { evaluate }: Compiled, argument: Ast, here: Shape): Compiled {
    const fixed = argument.is === "literal" && typeof argument.value === "string" ? make(argument.value) : undefined;
    const given = this.compile(argument, here).evaluate;
    return {
      evaluate: (nodes, scope) => {
        const value = only(evaluate(nodes, scope));
        if (typeof value !== "string") return FALSE;
        if (fixed) {
          scope.budget?.spend(searchCost(value, (argument as { value: string }).value));
          return truth(fixed(value));
        }
        const text = only(given(nodes, scope));
        if (typeof text === "string") scope.budget?.spend(searchCost(value, text));
        return typeof text === "string" ? truth(make(text)(value)) : EMPTY;
      },
      shape: NO_SHAPE,
    };
  }

  #operator(name: string, left: Compiled, right: Compiled): Compiled {
    const a = left.evaluate;
    const b = right.evaluate;
    const logic = ownIn(logical, name);
    if (logic) {
      return { evaluate: (nodes, scope) => truth(logic(truthOf(a(nodes, scope)), () => truthOf(b(nodes, scope)))), shape: NO_SHAPE };
    }
    if (name === "<" || name === ">" || name === "<=" || name === ">=") {
      const isTime = [left, right].every(({ shape }) => shape.primitives.some((type) => times.has(type)));
      return { evaluate: (nodes, scope) => ordered(name, a(nodes, scope), b(nodes, scope), isTime), shape: NO_SHAPE };
    }
    const other = ownIn(operators, name);
    if (!other) throw new NotPlain(name);
    const shape = name === "|" ? union(left.shape, right.shape) : NO_SHAPE;
    return { evaluate: (nodes, scope) => other(a(nodes, scope), b(nodes, scope)), shape };
  }
}

/** Charges the nodes that an evaluation reads and returns; a text counts by its length, since `&` makes ever longer ones. */
const metered =
  (evaluate: Evaluate): Evaluate =>
  (nodes, scope) => {
    const found = evaluate(nodes, scope);
    const [first] = found;
    nonNull(scope.budget).spend(1 + nodes.length + found.length + (typeof first === "string" ? first.length / CHARACTERS_PER_STEP : 0));
    return found;
  };

/** Characters that are read or written in the time of one step. */
const CHARACTERS_PER_STEP = 16;

/** Worst case of a substring search: each position is compared with the whole part. */
const searchCost = (text: string, part: string): number => (text.length * (1 + part.length)) / (CHARACTERS_PER_STEP * CHARACTERS_PER_STEP);

/** Without duplicates: an expression may pass through the same types repeatedly. */
const union = (a: Shape, b: Shape): Shape => ({
  elements: [...new Set([...a.elements, ...b.elements])],
  primitives: [...new Set([...a.primitives, ...b.primitives])],
});

interface Names {
  name: string;
  /** The member with the extensions of a primitive. */
  sibling: string | undefined;
}

function step({ elements }: Shape, name: string): { names: Names[]; shape: Shape } {
  const found = elements.filter((element) => element.name === name);
  if (found.length === 0) throw new NotPlain(name);
  const primitives = new Set<string>();
  const below = new Set<ElementJson>();
  const add = (elements: ElementJson[]): void => {
    for (const element of elements) below.add(element);
  };
  const names = new Map<string, Names>();
  for (const element of found) {
    if (element.as) {
      names.set(name, { name, sibling: undefined });
      add(backboneOf(element.as).elements);
    }
    for (const type of element.types ?? []) {
      const isPrimitive = isPrimitiveType(type);
      const json = element.isChoice ? name + nonNull(type[0]).toUpperCase() + type.slice(1) : name;
      names.set(json, { name: json, sibling: isPrimitive ? `_${json}` : undefined });
      if (isPrimitive) primitives.add(type);
      else if (!element.elements) add(elementsOf(type));
    }
    if (element.elements) {
      add(elementsOf("BackboneElement"));
      add(element.elements);
    }
  }
  return { names: [...names.values()], shape: { elements: [...below], primitives: [...primitives] } };
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

/** Looks up own properties only: a profile may name a function that every object inherits, such as `toString`. */
const ownIn = <Entry>(table: Record<string, Entry>, name: string): Entry | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
