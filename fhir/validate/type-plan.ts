/** R4's definition of a type, compiled once to the form by which `walk.ts` validates JSON. */
import { backboneOf, type ElementJson, elementsOf, isResource, type RuleJson, rulesOf, structureOf } from "./structure-definition.ts";
import { type Binding, bindingOf } from "./binding.ts";
import { type ElementInvariant, ruleOf } from "./r4-invariants.ts";
import { type PrimitiveTest, primitiveTests } from "./primitives.ts";
import { nonNull } from "../non-null.ts";

/** The members that an object may and must have, and its invariants. */
export interface ObjectPlan {
  /** A type, or the path of a backbone: `Patient.contact`. */
  name: string;
  isResource: boolean;
  members: Map<string, PlanMember>;
  /** Bit masks of members; of each mask one member must be present. */
  required: Required[];
  rules: ElementInvariant[];
}

interface Required {
  bit: number;
  /** Name as clients write it: `status`, `value[x]`. */
  name: string;
}

/** The content of a member: a primitive, an object, a resource, or the extensions of a primitive (`_name`). */
export const MemberKind = { primitive: 0, object: 1, resource: 2, sibling: 3 } as const;
export type MemberKind = (typeof MemberKind)[keyof typeof MemberKind];

/** One JSON member that an object may have. */
export interface PlanMember {
  kind: MemberKind;
  /** Its name in JSON; for a sibling without the underscore. */
  name: string;
  /** Its name in FHIRPath: `value.ofType(Quantity)`. */
  step: string;
  type: string;
  isList: boolean;
  min: number;
  max: number;
  /** The bit of a required member or of a choice; 0 for all others. */
  bit: number;
  /** For a choice: the name without its type. */
  choice: string | undefined;
  test: PrimitiveTest | undefined;
  binding: Binding | undefined;
  targets: Set<string> | undefined;
  rules: ElementInvariant[];
  /** Compiled when the first value is met: a service spends memory only on types that it stores. */
  plan: ObjectPlan | undefined;
  /** A backbone's path in R4's definitions, for `plan`. */
  backbone: string | undefined;
  /** The plan to which it belongs. */
  owner: ObjectPlan;
}

const plans = new Map<string, ObjectPlan>();

/** @returns undefined if R4 has no complex type or resource type of this name */
export function objectPlanOf(type: string): ObjectPlan | undefined {
  const known = plans.get(type);
  if (known) return known;
  const structure = structureOf(type);
  if (!structure || structure.kind === "primitive") return undefined;
  return keep(type, compile(type, type, elementsOf(type), rulesOf(type), structure.kind === "resource"));
}

/** The plan of the object in the member. */
export function planOfMember(member: PlanMember): ObjectPlan {
  member.plan ??= member.backbone === undefined ? objectPlanOf(member.type) : planOfBackbone(member.backbone);
  if (!member.plan) throw new Error(`R4 has no type ${member.type}.`);
  return member.plan;
}

function planOfBackbone(path: string): ObjectPlan {
  const known = plans.get(path);
  if (known) return known;
  const { elements, rules } = backboneOf(path);
  return keep(path, compile(path, nonNull(path.split(".")[0]), elements, rules, false));
}

function keep(name: string, plan: ObjectPlan): ObjectPlan {
  plans.set(name, plan);
  return plan;
}

function compile(name: string, type: string, elements: ElementJson[], ruleJsons: RuleJson[], ofResource: boolean): ObjectPlan {
  const plan: ObjectPlan = { name, isResource: ofResource, members: new Map(), required: [], rules: [] };
  const resource = isResource(type) ? type : undefined;
  let nextBit = 1;
  for (const element of elements) {
    let bit = 0;
    if (element.min || element.isChoice) {
      bit = nextBit;
      nextBit *= 2;
      if (nextBit > 2 ** 30) throw new Error(`${name} has more required elements and choices than the bits of a number.`);
    }
    if (element.min) plan.required.push({ bit, name: element.isChoice ? `${element.name}[x]` : element.name });
    for (const member of membersOf(plan, element, bit, ofResource, resource)) {
      plan.members.set(member.name, member);
      if (member.kind === MemberKind.primitive && element.name !== "id") {
        plan.members.set(`_${member.name}`, { ...member, kind: MemberKind.sibling, type: "Element", rules: [] });
      }
    }
  }
  plan.rules = ruleJsons.flatMap((rule) => ruleOf(rule, name, elements, resource) ?? []);
  return plan;
}

function membersOf(owner: ObjectPlan, element: ElementJson, bit: number, ofResource: boolean, resource: string | undefined): PlanMember[] {
  const { name, isChoice = false, max = 1, min = 0 } = element;
  // A resource's id must have the form of an id, an element's is any text; R4's definitions give both as string.
  const types = element.name === "id" && ofResource ? ["id"] : (element.types ?? [nonNull(element.as)]);
  return types.map((type): PlanMember => {
    const inline = element.elements ? `${owner.name}.${name}` : element.as;
    const test = inline === undefined ? primitiveTests[type] : undefined;
    // The rules of a backbone are in its plan. Elsewhere a rule may apply to only some types of a choice.
    const rules =
      inline === undefined ? (element.rules ?? []).flatMap((rule) => ruleOf(rule, type, types.flatMap(elementsOf), resource) ?? []) : [];
    return {
      kind: test ? MemberKind.primitive : type === "Resource" ? MemberKind.resource : MemberKind.object,
      name: isChoice ? name + nonNull(type[0]).toUpperCase() + type.slice(1) : name,
      step: isChoice ? `${name}.ofType(${type})` : name,
      type,
      isList: max !== 1,
      min,
      max: max < 0 ? Number.POSITIVE_INFINITY : max,
      bit,
      choice: isChoice ? name : undefined,
      test,
      binding: element.codes === undefined ? undefined : bindingOf(element.codes, type),
      targets: element.targets && type === "Reference" ? new Set(element.targets) : undefined,
      rules,
      plan: undefined,
      backbone: inline,
      owner,
    };
  });
}
