/** Walks through a resource's JSON and validates it by the plans of its types. */
import { isRawNumber } from "../json.ts";
import { isResource } from "./structure-definition.ts";
import { MAX_MARKS } from "./narrative.ts";
import { MemberKind, type PlanMember, type ObjectPlan, objectPlanOf, planOfMember } from "./type-plan.ts";
import { checkReference } from "./reference-form.ts";
import type { ValidationContext } from "./validation-context.ts";
import { checkContainedMeta, finishRoot } from "./contained.ts";
import { nonNull } from "../non-null.ts";

type Json = Record<string, unknown>;

/** Levels of nesting: more than any medical record has; `parseJson` refuses such a text first. */
const DEEPEST = 100;

/** Validates a resource that is not contained: the one that was sent, an entry of a Bundle, a parameter. */
export function checkRoot(value: unknown, run: ValidationContext, expected?: string): void {
  const plan = planOfResource(value, run, expected);
  if (!plan) return;
  const { root, resource, isContained } = run;
  const own = value as Json;
  const isTransaction = root?.allowsConditional || (own["resourceType"] === "Bundle" && own["type"] === "transaction");
  run.root = { resource: own, allowsConditional: isTransaction || false };
  if (own["contained"] !== undefined) run.root.referred = new Set();
  run.resource = own;
  run.isContained = false;
  checkObject(own, plan, run, undefined);
  finishRoot(run.root, run);
  run.root = root;
  run.resource = resource;
  run.isContained = isContained;
}

/** Validates a contained resource by its type, and by R4's rules for contained resources. */
function checkContained(value: unknown, run: ValidationContext): void {
  const plan = planOfResource(value, run);
  if (!plan) return;
  const own = value as Record<string, unknown>;
  const { resource, isContained, refersToContainer } = run;
  if (isContained) run.fault("invariant", "dom-2: A contained resource must not contain another.");
  run.resource = own;
  run.isContained = true;
  run.refersToContainer = false;
  checkObject(own, plan, run, undefined);
  checkContainedMeta(own, run);
  // A contained resource that refers to its container need not be referred to (dom-3).
  if (run.refersToContainer && typeof own["id"] === "string") run.root?.referred?.add(own["id"]);
  run.resource = resource;
  run.isContained = isContained;
  run.refersToContainer = refersToContainer;
}

/** The plan of the type that a resource names; undefined if it names none, which is reported. */
function planOfResource(value: unknown, run: ValidationContext, expected?: string): ObjectPlan | undefined {
  if (!isObject(value)) {
    run.fault("structure", "A resource must be a JSON object.");
    return undefined;
  }
  const { resourceType } = value;
  if (typeof resourceType !== "string") {
    run.fault("required", "A resource must say its type in resourceType.", run.depth > 1 ? "" : ".resourceType");
  } else if (expected !== undefined && resourceType !== expected) {
    run.fault("invalid", `resourceType must be ${expected}.`, ".resourceType");
  } else if (!isResource(resourceType)) {
    run.fault("value", `R4 has no resource type ${resourceType.slice(0, 64)}.`);
  } else {
    return objectPlanOf(resourceType);
  }
  return undefined;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value);

/**
 * @param member undefined for a resource
 * @param hasValue for a primitive's sibling: whether there is a value, beside which an id alone is enough
 */
function checkObject(value: unknown, plan: ObjectPlan, run: ValidationContext, member: PlanMember | undefined, hasValue = false): void {
  if (!isObject(value)) {
    run.fault("structure", `${run.name()} must be a JSON object (${plan.name}).`);
    return;
  }
  if (run.depth > DEEPEST) {
    run.fault("too-long", `Elements must not be nested deeper than ${DEEPEST} levels.`);
    return;
  }
  let seen = 0;
  let content = 0;
  for (const name in value) {
    const found = plan.members.get(name);
    if (found === undefined) {
      if (name === "resourceType" && plan.isResource) content += 1;
      else reportUnknown(name, plan, run);
      continue;
    }
    if (name !== "id") content += 1;
    if (found.bit !== 0) {
      if ((seen & found.bit) !== 0 && found.choice !== undefined) reportSecondChoice(value, found, plan, run);
      seen |= found.bit;
    }
    const item = value[name];
    run.enter(found.step);
    if (found.kind === MemberKind.sibling) checkSibling(item, value[found.name], found, run);
    else if (found.isList) checkList(item, value, found, run);
    else if (Array.isArray(item)) run.fault("structure", `${run.name()} may occur once only: it must not be an array.`);
    else checkItem(item, found, run);
    run.leave();
  }
  for (const { bit, name } of plan.required) {
    if ((seen & bit) === 0) run.fault("required", `${run.name()} must have the element ${name}.`, `.${name.replace("[x]", "")}`);
  }
  if (content === 0 && !plan.isResource && !(hasValue && value["id"] !== undefined)) {
    run.fault("invariant", `ele-1: ${run.name()} is empty: give it a value or leave it out.`);
  }
  if (plan.name === "Reference") checkReference(value, member?.targets, run);
  else if (plan.name === "Extension") checkExtension(value, seen, plan, run);
  for (const rule of plan.rules) {
    if (!rule.isKept(value, run)) run.fault("invariant", `${rule.key}: ${rule.human}`);
  }
}

function checkItem(item: unknown, member: PlanMember, run: ValidationContext): void {
  if (item === null) {
    run.fault("structure", `${run.name()} must not be null: leave it out.`);
    return;
  }
  if (member.kind === MemberKind.primitive) checkPrimitive(item, member, run);
  else if (member.kind === MemberKind.object) checkObject(item, planOfMember(member), run, member);
  else if (member.name === "contained") checkContained(item, run);
  else checkRoot(item, run);
  if (member.binding !== undefined && member.kind === MemberKind.object && !member.binding.includes(item)) reportCode(member, run);
  for (const rule of member.rules) {
    if (!rule.isKept(item, run)) run.fault("invariant", `${rule.key}: ${rule.human}`);
  }
}

function checkPrimitive(item: unknown, { test, binding, type, name }: PlanMember, run: ValidationContext): void {
  if (type === "xhtml" && typeof item === "string" && !run.mayRead(item)) {
    run.fault("too-costly", `${run.name()} is not read: the narratives have more than ${MAX_MARKS} tags and character references in all.`);
    return;
  }
  const fault = nonNull(test)(item);
  if (fault !== undefined) {
    const isWrongJson =
      typeof item === "object" || (typeof item === "string") === (type === "boolean" || type === "decimal" || type === "integer");
    run.fault(isWrongJson ? "structure" : "value", `${run.name()} ${fault}.`);
    return;
  }
  if (binding !== undefined && !binding.includes(item)) run.fault("code-invalid", `${run.name()} ${binding.rule}.`);
  if (typeof item === "string" && item.charCodeAt(0) === HASH && refers(type, name)) run.root?.referred?.add(item.slice(1));
}

const HASH = 0x23;
const refers = (type: string, name: string) => name === "reference" || type === "uri" || type === "url" || type === "canonical";

function checkList(list: unknown, parent: Json, member: PlanMember, run: ValidationContext): void {
  if (!Array.isArray(list)) {
    run.fault("structure", `${run.name()} may occur more than once: it must be an array, also of one.`);
    return;
  }
  if (list.length === 0) run.fault("structure", `${run.name()} must not be an empty array: leave it out.`);
  if (list.length > member.max) run.fault("structure", `${run.name()} may occur ${member.max} times only.`);
  const siblings = member.kind === MemberKind.primitive ? parent[`_${member.name}`] : undefined;
  for (let i = 0; i < list.length; i++) {
    const item: unknown = list[i];
    run.at(i);
    if (item === null && Array.isArray(siblings) && siblings[i] !== null && siblings[i] !== undefined) continue;
    if (Array.isArray(item)) run.fault("structure", `${run.name()} must not hold an array in its array.`);
    else checkItem(item, member, run);
  }
}

/** Validates `_birthDate`: id and extensions of a primitive; null in a list where an item has none. */
function checkSibling(item: unknown, value: unknown, member: PlanMember, run: ValidationContext): void {
  const plan = planOfMember(member);
  if (!member.isList) {
    if (item === null) run.fault("structure", `_${member.name} must not be null: leave it out.`);
    else checkObject(item, plan, run, member, value !== undefined);
    return;
  }
  if (!Array.isArray(item) || (Array.isArray(value) && value.length !== item.length)) {
    run.fault("structure", `_${member.name} must be an array as long as ${member.name}, with null where there is nothing to add.`);
    return;
  }
  for (let i = 0; i < item.length; i++) {
    run.at(i);
    if (item[i] !== null) checkObject(item[i], plan, run, member, Array.isArray(value) && value[i] !== null);
    else if (!Array.isArray(value)) run.fault("structure", `_${member.name} must not be null where ${member.name} has no value.`);
  }
}

function checkExtension(value: Json, seen: number, plan: ObjectPlan, run: ValidationContext): void {
  const isNested = value["extension"] !== undefined;
  const hasValue = (seen & nonNull(plan.members.get("valueString")).bit) !== 0;
  if (isNested === hasValue) {
    run.fault("invariant", `ext-1: An extension has either a value or extensions of its own, ${isNested ? "not both" : "one of the two"}.`);
  }
}

function reportUnknown(name: string, plan: ObjectPlan, run: ValidationContext): void {
  if (run.isFull) return;
  const choice = [...plan.members.values()].find((member) => member.choice !== undefined && name.startsWith(member.choice));
  const shown = name.slice(0, 64);
  if (choice) {
    const names = [...plan.members.values()].filter((member) => member.choice === choice.choice && member.kind !== MemberKind.sibling);
    const listed = names.length <= 12 ? `: ${names.map((member) => member.name).join(", ")}` : "";
    run.fault("structure", `${run.name()} has no element ${shown}; ${choice.choice}[x] has other types${listed}.`, stepOf(name));
  } else {
    run.fault("structure", `${run.name()} has no element ${shown}.`, stepOf(name));
  }
}

/** A step of a FHIRPath for a name; "" for a name that FHIRPath cannot express. */
const stepOf = (name: string) => (/^[A-Za-z_]\w{0,63}$/.test(name) ? `.${name}` : "");

/** `valueString` and `_valueString` are one value; `valueString` and `valueCode` are two. */
function reportSecondChoice(value: Json, member: PlanMember, plan: ObjectPlan, run: ValidationContext): void {
  const names = new Set<string>();
  let last = "";
  for (const name of Object.keys(value)) {
    const other = plan.members.get(name);
    if (other?.choice !== member.choice) continue;
    names.add(nonNull(other).name);
    last = name;
  }
  // Reported once, at the last of them.
  if (names.size > 1 && plan.members.get(last) === member) {
    run.fault("structure", `${run.name()} may have one ${member.choice}[x] only; it has ${[...names].join(" and ")}.`, `.${member.choice}`);
  }
}

function reportCode({ binding }: PlanMember, run: ValidationContext): void {
  run.fault("code-invalid", `${run.name()} ${nonNull(binding).rule}.`);
}
