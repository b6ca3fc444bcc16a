/**
 * Resolves the paths that most FHIRPath Patches have: elements, positions and conditions on a value, `Patient.name[0].given`,
 * `Patient.identifier.where(system = 'x')`. Each part of a path only filters or descends one level, so that the run time is at
 * most the path's length times the resource's size.
 */
import type { EvaluationBudget } from "../expressions/budget.ts";
import type { Location } from "../fhirpath.ts";
import type { Resource } from "../resource.ts";
import { structureOf } from "../validate/structure-definition.ts";
import { MemberKind, type PlanMember, type ObjectPlan, objectPlanOf, planOfMember } from "../validate/type-plan.ts";
import { logical } from "../validate/rules/functions.ts";
import { type Ast, NotPlain, parse } from "../validate/rules/parse-expression.ts";
import { nonNull } from "../non-null.ts";

type Json = Record<string, unknown>;
type Call = Extract<Ast, { is: "call" }>;

/** An element of the resource. */
interface Element {
  value: unknown;
  /** Absent for the resource itself. */
  member?: PlanMember;
  index?: number | undefined;
  above?: Element;
}

/**
 * The locations of the elements that the path returns.
 * @throws NotPlain if the path or the resource is not simple enough; TooCostly
 */
export function locatePlain(path: string, resource: Resource, budget: EvaluationBudget): Location[] {
  return new PlainPath(resource, budget).find(parse(path)).map(locationOf);
}

function locationOf(element: Element): Location {
  const location: Location = [];
  for (let { member, index, above } = element; member && above; { member, index, above } = above) {
    location.push(...(index === undefined ? [] : [index]), member.name);
  }
  return location.reverse();
}

class PlainPath {
  readonly #root: Element;
  readonly #budget: EvaluationBudget;

  constructor(resource: Resource, budget: EvaluationBudget) {
    this.#root = { value: resource };
    this.#budget = budget;
  }

  find(ast: Ast): Element[] {
    const { resourceType } = this.#root.value as Resource;
    return this.#follow(ast, (first) => (first === resourceType ? [this.#root] : this.#step([this.#root], first)));
  }

  /** @param begin resolves the path's first name */
  #follow(ast: Ast, begin: (name: string) => Element[]): Element[] {
    if (ast.is === "index") return this.#follow(ast.of, begin).slice(ast.index, ast.index + 1);
    if (ast.is === "this") return begin(THIS);
    if (ast.is === "member") return ast.of ? this.#step(this.#follow(ast.of, begin), ast.name) : begin(ast.name);
    if (ast.is === "call" && ast.of) return this.#call(ast, this.#follow(ast.of, begin));
    throw new NotPlain(ast.is);
  }

  #step(elements: Element[], name: string): Element[] {
    const found: Element[] = [];
    for (const above of elements) {
      const plan = planOf(above);
      const object = above.value as Json;
      const members = membersOf(plan, name);
      if (members.length > 1) this.#budget.spend(members.length);
      for (const member of members) {
        const held = object[member.name];
        const siblings = member.kind === MemberKind.primitive ? object[`_${member.name}`] : undefined;
        if (held === undefined && siblings === undefined) continue;
        if ([held, siblings].some((it) => it !== undefined && Array.isArray(it) !== member.isList)) throw new NotPlain(name);
        if (!member.isList) {
          found.push({ value: held ?? null, member, above });
          continue;
        }
        const [values, others] = [held ?? [], siblings ?? []] as [unknown[], unknown[]];
        for (let index = 0; index < Math.max(values.length, others.length); index++) {
          const value = values[index] ?? null;
          if (value === null && (others[index] ?? null) === null) throw new NotPlain(name);
          found.push({ value, member, index, above });
        }
      }
    }
    this.#budget.spend(1 + elements.length + found.length);
    return found;
  }

  #call({ name, args }: Call, elements: Element[]): Element[] {
    const [first, ...others] = args;
    this.#budget.spend(1 + elements.length);
    if (others.length > 0) throw new NotPlain(name);
    if (!first) {
      if (name === "first") return elements.slice(0, 1);
      if (name === "last") return elements.slice(-1);
      if (name === "tail") return elements.slice(1);
    } else if (name === "where") {
      return elements.filter((element) => this.#holds(first, element) === true);
    } else if (name === "ofType" && first.is === "member" && !first.of) {
      const types = new Map<PlanMember | undefined, boolean>();
      return elements.filter(({ member }) => {
        const known = types.get(member) ?? isOf(member, first.name);
        types.set(member, known);
        return known;
      });
    } else if (name === "extension" && first.is === "literal" && typeof first.value === "string") {
      return this.#step(elements, "extension").filter(({ value }) => (value as Json)["url"] === first.value);
    } else if ((name === "skip" || name === "take") && first.is === "literal" && Number.isInteger(first.value)) {
      return name === "skip" ? elements.slice(first.value as number) : elements.slice(0, first.value as number);
    }
    throw new NotPlain(name);
  }

  /** Evaluates a condition; undefined is FHIRPath's empty result. */
  #holds(ast: Ast, element: Element): boolean | undefined {
    this.#budget.spend(1);
    if (ast.is === "literal" && typeof ast.value === "boolean") return ast.value;
    if (ast.is === "operator") {
      if (Object.hasOwn(logical, ast.name)) {
        return nonNull(logical[ast.name])(this.#holds(ast.left, element), () => this.#holds(ast.right, element));
      }
      if (ast.name === "=" || ast.name === "!=") {
        const [path, literal] = ast.right.is === "literal" ? [ast.left, ast.right] : [ast.right, ast.left];
        if (literal.is !== "literal") throw new NotPlain(ast.name);
        const isSame = isEqual(this.#below(path, element), literal.value);
        return isSame === undefined ? undefined : isSame === (ast.name === "=");
      }
    }
    if (ast.is === "call" && ast.of) return this.#test(ast as Call & { of: Ast }, element);
    if (ast.is !== "member") throw new NotPlain(ast.is);
    const found = this.#below(ast, element);
    const value = found[0]?.value;
    if (found.length > 1 || (found.length === 1 && typeof value !== "boolean")) throw new NotPlain(ast.name);
    return value as boolean | undefined;
  }

  #test({ of, name, args: [first, ...others] }: Call & { of: Ast }, element: Element): boolean | undefined {
    if (others.length > 0) throw new NotPlain(name);
    if (name === "not" && !first) {
      const value = this.#holds(of, element);
      return value === undefined ? undefined : !value;
    }
    const found = this.#below(of, element);
    if (name === "exists") return first ? found.some((one) => this.#holds(first, one) === true) : found.length > 0;
    if (name === "empty" && !first) return found.length === 0;
    if ((name === "startsWith" || name === "endsWith") && first?.is === "literal" && typeof first.value === "string") {
      if (found.length === 0) return undefined;
      const [one] = found as [Element];
      if (found.length > 1 || !isTextual(one)) throw new NotPlain(name);
      return (one.value as string)[name](first.value);
    }
    throw new NotPlain(name);
  }

  /** The elements of a path inside a condition, which starts at the element under test. */
  #below(ast: Ast, element: Element): Element[] {
    return this.#follow(ast, (name) => (name === THIS ? [element] : this.#step([element], name)));
  }
}

const THIS = "$this";

function planOf({ value, member }: Element): ObjectPlan {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new NotPlain("a value");
  const { resourceType } = value as { resourceType?: unknown };
  const isResource = !member || member.kind === MemberKind.resource;
  const plan = isResource
    ? typeof resourceType === "string" && objectPlanOf(resourceType)
    : member.kind === MemberKind.object
      ? planOfMember(member)
      : undefined;
  if (!plan) throw new NotPlain("what R4 does not define");
  return plan;
}

const known = new WeakMap<ObjectPlan, Map<string, PlanMember[]>>();

/** Members of a name; a choice, which FHIRPath names without the type, has several. @throws NotPlain if there is none */
function membersOf(plan: ObjectPlan, name: string): PlanMember[] {
  const byName = known.get(plan) ?? new Map<string, PlanMember[]>();
  known.set(plan, byName);
  const members = byName.get(name) ?? findMembers(plan, name);
  byName.set(name, members);
  return members;
}

function findMembers(plan: ObjectPlan, name: string): PlanMember[] {
  const own = plan.members.get(name);
  if (own && own.kind !== MemberKind.sibling && own.choice === undefined) return [own];
  const choice = own ? [] : [...plan.members.values()].filter((member) => member.choice === name && member.kind !== MemberKind.sibling);
  if (choice.length === 0) throw new NotPlain(name);
  return choice;
}

/** @throws NotPlain if the type is derived from the other, or not one of a choice */
function isOf(member: PlanMember | undefined, type: string): boolean {
  if (member?.choice === undefined) throw new NotPlain("ofType");
  for (let base: string | undefined = member.type; base !== undefined; base = structureOf(base)?.base) {
    if (base !== type) continue;
    if (base !== member.type) throw new NotPlain("ofType");
    return true;
  }
  return false;
}

const TEXTUAL = new Set(["string", "code", "id", "markdown", "uri", "url", "canonical", "oid", "uuid"]);
const WHOLE = new Set(["integer", "positiveInt", "unsignedInt"]);

const isTextual = ({ value, member }: Element): boolean => typeof value === "string" && TEXTUAL.has(member?.type ?? "");

/** @throws NotPlain for types that are compared by more than their JSON: dates, decimals, quantities */
function isEqual(elements: Element[], literal: string | number | boolean): boolean | undefined {
  if (elements.length === 0) return undefined;
  if (elements.length > 1) return false;
  const [element] = elements as [Element];
  const { value, member } = element;
  const isComparable =
    (typeof literal === "string" && isTextual(element)) ||
    (typeof literal === "boolean" && typeof value === "boolean") ||
    (Number.isInteger(literal) && typeof value === "number" && WHOLE.has(member?.type ?? ""));
  if (!isComparable) throw new NotPlain("=");
  return value === literal;
}
