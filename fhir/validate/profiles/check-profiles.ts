/** Validates a resource against profiles, after R4's own rules, which are not checked again. */
import { numberOf, plainText } from "../../json.ts";
import { intervalOf } from "../../dates.ts";
import { MemberKind, type PlanMember, type ObjectPlan, objectPlanOf, planOfMember } from "../type-plan.ts";
import type { ValidationContext } from "../validation-context.ts";
import { type EvaluationBudget, TooCostly } from "../../expressions/budget.ts";
import { checkDeferred } from "./deferred.ts";
import { checkBinding, checkConstraint, checkTarget } from "./demands.ts";
import { fits, isSame } from "./fixed-values.ts";
import { type SliceValue, testOf } from "./slicing.ts";
import { coreType, type Node, type Profile, stepsOf, type Tree, treeOf, withoutVersion } from "./tree.ts";
import { shown, unsupported, type ProfileContext } from "./profile-context.ts";
import { nonNull } from "../../non-null.ts";

type Json = Record<string, unknown>;

/** Levels of profiles that refer to one another, possibly in circles. */
const DEEPEST = 20;

/**
 * Reports violations of a profile as faults, and unsupported parts of a profile as warnings (not-supported), so that
 * nothing is skipped silently.
 * @param named the profiles to which the resource must conform; `stored` are others to which these may refer
 */
export async function checkProfiles(
  resource: Json,
  { profiles: named, stored, budget }: { profiles: Profile[]; stored: Profile[]; budget: EvaluationBudget },
  run: ValidationContext,
): Promise<void> {
  const known = new Map([...stored, ...named].map((profile) => [withoutVersion(profile.url ?? ""), profile]));
  // Violations of R4's own rules have been reported; a snapshot repeats those rules.
  run.ignoreKnown();
  const work: ProfileContext = { run, known, reported: new Set(), depth: 0, budget, location: [], deferred: [] };
  const depth = run.depth;
  try {
    for (const profile of named) {
      const { type } = profile;
      if (type === undefined || type !== resource["resourceType"]) {
        run.fault("invalid", `The profile ${nameOf(profile)} is for ${plainText(type)}.`);
      } else {
        checkProfile({ value: resource, type }, profile, objectPlanOf(type), work);
      }
    }
    if (work.deferred.length > 0) await checkDeferred(resource, work);
  } catch (error) {
    if (!(error instanceof TooCostly)) throw error;
    run.depth = depth;
    run.fault(
      "too-costly",
      "To check the profiles of this resource takes too long: send a smaller one, fewer at once, or mend the profiles' rules.",
    );
  }
}

const nameOf = ({ url }: Profile) => (plainText(url) || "without an address").slice(0, 200);

const trees = new WeakMap<Profile, { tree: Tree; known: Map<string, Profile> }>();

function checkProfile(item: SliceValue, profile: Profile, plan: ObjectPlan | undefined, work: ProfileContext): void {
  if (work.depth >= DEEPEST) {
    unsupported(work, `profiles that refer to one another over ${DEEPEST} levels`);
    return;
  }
  if (profile.derivation !== undefined && profile.derivation !== "constraint") {
    unsupported(work, `${nameOf(profile)}, which is no profile`);
    return;
  }
  let compiled = trees.get(profile);
  if (!compiled || (compiled.known !== work.known && [...work.known].some(([url, other]) => nonNull(compiled).known.get(url) !== other))) {
    work.budget.spend(((profile.snapshot?.element?.length ?? 0) + (profile.differential?.element?.length ?? 0)) * NODE_STEPS);
    compiled = { tree: treeOf(profile, work.known), known: work.known };
    trees.set(profile, compiled);
  }
  compiled.known = work.known;
  for (const base of compiled.tree.missing) unsupported(work, `the profile ${base.slice(0, 200)}, which is not stored`);
  work.depth += 1;
  checkNode(item, compiled.tree.root, plan, work, profile.type ?? "");
  work.depth -= 1;
}

/** Cost of reading one element of a profile, in steps. */
const NODE_STEPS = 5;
/** Slices that an error names at most. */
const MAX_NAMED = 10;

/** Checks one value against a profile's element, or against a slice of it. */
function checkNode(item: SliceValue, node: Node, plan: ObjectPlan | undefined, work: ProfileContext, base: string): void {
  const { run } = work;
  const { value, type } = item;
  work.budget.spend(stepsOf(node));
  checkTypes(item, node, plan, work);
  if (node.fixed !== undefined && !isSame(value, node.fixed, work.budget)) {
    run.fault("value", `The profile fixes the value of ${run.name()} to ${shown(node.fixed)}.`);
  }
  if (node.pattern !== undefined && !fits(value, node.pattern, work.budget)) {
    run.fault("value", `The profile wants ${run.name()} to have ${shown(node.pattern)}.`);
  }
  if (node.maxLength !== undefined && typeof value === "string" && value.length > node.maxLength) {
    run.fault("too-long", `The profile allows ${run.name()} ${node.maxLength} characters.`);
  }
  for (const [limit, sign] of [
    [node.least, 1],
    [node.most, -1],
  ] as const) {
    if (limit === undefined) continue;
    const order = compare(value, limit);
    if (order === undefined) unsupported(work, `the least or greatest value of ${run.name()}`);
    else if (order * sign < 0) {
      run.fault("value", `The profile wants ${run.name()} to be ${sign > 0 ? "at least" : "at most"} ${shown(limit)}.`);
    }
  }
  if (node.valueSet !== undefined) checkBinding(value, type, node.valueSet, work);
  for (const constraint of node.constraints.values()) checkConstraint(value, constraint, base, plan, work);
  if (plan && typeof value === "object" && value !== null) {
    for (const child of node.children.values()) checkChild(value as Json, child, plan, work);
  } else if ([...node.children.values()].some(({ min }) => min > 0)) {
    run.fault("required", `The profile wants ${run.name()} to have elements of its own.`);
  }
}

function compare(value: unknown, limit: unknown): number | undefined {
  const a = numberOf(value);
  const b = numberOf(limit);
  if (a !== undefined && b !== undefined) return a - b;
  if (typeof value !== "string" || typeof limit !== "string") return undefined;
  const one = intervalOf(value);
  const two = intervalOf(limit);
  return one && two ? (one[1] < two[0] ? -1 : one[0] > two[1] ? 1 : 0) : undefined;
}

/** Checks the types to which a choice is restricted, profiles of a type, and targets of a reference. */
function checkTypes({ value, type }: SliceValue, { types }: Node, plan: ObjectPlan | undefined, work: ProfileContext): void {
  if (!types) return;
  const { run } = work;
  const own = type === "Resource" ? plainText((value as Json)["resourceType"]) : type;
  const allowed = types.filter(
    ({ code }) => code === own || code === "Resource" || code === "BackboneElement" || code === "Element" || code?.includes("System."),
  );
  if (allowed.length === 0 && plan?.name !== type && types.some(({ code }) => code !== undefined)) {
    run.fault("value", `The profile wants ${run.name()} to be ${types.map(({ code }) => code).join(" or ")}.`);
    return;
  }
  for (const { profile = [], targetProfile = [] } of allowed.slice(0, 1)) {
    const [first, ...others] = profile.filter((url) => coreType(url) === undefined);
    if (others.length) unsupported(work, `a choice between profiles of ${run.name()}`);
    else if (first) {
      const known = work.known.get(withoutVersion(first));
      if (known) checkProfile({ value, type: own }, known, plan, work);
      else unsupported(work, `the profile ${first.slice(0, 200)}, which is not stored`);
    }
    if (targetProfile.length) checkTarget(value, targetProfile, work);
  }
}

/** Checks all values of one element of an object, in the order of its list. */
function checkChild(object: Json, node: Node, plan: ObjectPlan, work: ProfileContext): void {
  const { run } = work;
  const members = membersFor(node, plan);
  if (members.length === 0) {
    unsupported(work, `the element ${plan.name}.${node.name}`);
    return;
  }
  const [first] = members as [PlanMember];
  const held = members.find(({ name }) => object[name] !== undefined || object[`_${name}`] !== undefined);
  const member = held ?? first;
  const raw = held ? (object[held.name] ?? object[`_${held.name}`]) : undefined;
  const items: SliceValue[] = (raw === undefined ? [] : Array.isArray(raw) ? raw : [raw]).map((value: unknown) => ({
    value,
    type: member.type,
  }));
  const shownName = node.name.replace("[x]", "");
  if (items.length < node.min) {
    run.fault("required", `The profile wants ${run.name()} to have ${node.min} ${shownName} at least.`, `.${shownName}`);
  }
  if (items.length > node.max) {
    run.fault("structure", `The profile allows ${run.name()} ${node.max} ${shownName} at most.`, `.${shownName}`);
  }
  const sliceOf = slicesOf(items, node, work);
  run.enter(member.step);
  const name = held && object[held.name] === undefined ? `_${held.name}` : member.name;
  const depth = work.location.length;
  for (const [index, item] of items.entries()) {
    if (member.isList) run.at(index);
    work.location.length = depth;
    work.location.push(name, ...(Array.isArray(raw) ? [index] : []));
    const below = planBelow(member, item.value);
    const base = member.backbone ?? (below?.isResource ? below.name : member.type);
    checkNode(item, node, below, work, base);
    const slice = sliceOf[index];
    if (slice) checkNode(item, slice, below, work, base);
  }
  work.location.length = depth;
  run.leave();
}

function membersFor({ name }: Node, plan: ObjectPlan): PlanMember[] {
  if (!name.endsWith("[x]")) {
    const member = plan.members.get(name);
    return member && member.kind !== MemberKind.sibling ? [member] : [];
  }
  const choice = name.slice(0, -3);
  return [...plan.members.values()].filter((member) => member.choice === choice && member.kind !== MemberKind.sibling);
}

function planBelow(member: PlanMember, value: unknown): ObjectPlan | undefined {
  if (member.kind === MemberKind.primitive) return undefined;
  if (member.kind === MemberKind.object) return planOfMember(member);
  return objectPlanOf(plainText((value as { resourceType?: unknown } | null)?.resourceType));
}

/** The slice of each item; undefined for an item in none. Checks the slices' own cardinalities. */
function slicesOf(items: SliceValue[], node: Node, work: ProfileContext): (Node | undefined)[] {
  const { run } = work;
  const found: (Node | undefined)[] = items.map(() => undefined);
  if (node.slices.size === 0) return found;
  let isClear = true;
  for (const slice of node.slices.values()) {
    const tested = testOf(node, slice, work.budget);
    if ("unclear" in tested) {
      isClear = false;
      unsupported(work, tested.unclear);
      continue;
    }
    let count = 0;
    work.budget.spend(items.length);
    for (const [index, item] of items.entries()) {
      if (found[index] !== undefined || !tested.test(item)) continue;
      found[index] = slice;
      count += 1;
    }
    const name = node.name.replace("[x]", "");
    if (count < slice.min) {
      run.fault(
        "required",
        `The profile wants ${run.name()} to have ${slice.min} ${name} of the kind "${slice.name}" at least.`,
        `.${name}`,
      );
    }
    if (count > slice.max) {
      run.fault("structure", `The profile allows ${run.name()} ${slice.max} ${name} of the kind "${slice.name}" at most.`, `.${name}`);
    }
  }
  const { rules: openness, ordered } = node.slicing ?? {};
  if (ordered) unsupported(work, `the order of the slices of ${node.name}`);
  if (openness === "openAtEnd") unsupported(work, `slices of ${node.name} that are open at the end only`);
  if (openness === "closed" && isClear && found.includes(undefined)) {
    const kinds = [...node.slices.values()].slice(0, MAX_NAMED).map((slice) => slice.name);
    run.fault(
      "structure",
      `The profile allows no other ${node.name} in ${run.name()} than ${kinds.join(", ")}${node.slices.size > MAX_NAMED ? " and others" : ""}.`,
      `.${node.name.replace("[x]", "")}`,
    );
  }
  return found;
}
