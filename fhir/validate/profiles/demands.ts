/** A profile's constraints on a single value: value set, invariant, target of a reference. */
import type { EvaluationBudget } from "../../expressions/budget.ts";
import { excessOf } from "../../expressions/expression-bounds.ts";
import { bindingOf } from "../binding.ts";
import { elementsOf, isResource } from "../structure-definition.ts";
import type { ObjectPlan } from "../type-plan.ts";
import { compileMetered } from "../rules/compile.ts";
import { NotPlain } from "../rules/parse-expression.ts";
import { coreType, lastStep, type ProfileElement, withoutVersion } from "./tree.ts";
import { unsupported, type ProfileContext } from "./profile-context.ts";
import { ID_PATTERN } from "../../ids.ts";

/** A literal reference, relative or absolute, with its type. */
const TARGET = new RegExp(`(?:^|/)([A-Z][A-Za-z]+)/${ID_PATTERN}(?:/_history/[^/]+)?$`);

/** Checks that a reference leads to a type that the profile allows. */
export function checkTarget(value: unknown, targetProfile: string[], work: ProfileContext): void {
  const reference = (value as { reference?: unknown } | null)?.reference;
  const found = typeof reference === "string" ? TARGET.exec(reference)?.[1] : undefined;
  if (!found || !isResource(found)) return;
  const targets = targetProfile.map((url) => coreType(url) ?? work.known.get(withoutVersion(url))?.type);
  if (targets.includes("Resource") || targets.includes(found)) return;
  if (targets.includes(undefined)) {
    unsupported(work, `references to ${targetProfile.join(" or ").slice(0, 300)}, of which not all are stored`);
  } else work.run.fault("value", `The profile wants ${work.run.name()} to lead to ${targets.join(" or ")}, not to ${found}.`);
}

/** Checks that a code is in the required value set, if its codes are known here. */
export function checkBinding(value: unknown, type: string, valueSet: string, work: ProfileContext): void {
  const binding = bindingOf(lastStep(withoutVersion(valueSet)), type);
  if (!valueSet.startsWith("http://hl7.org/fhir/ValueSet/") || !binding.isKnown) {
    unsupported(work, `the value set ${valueSet.slice(0, 200)}`);
  } else if (!binding.includes(value)) work.run.fault("code-invalid", `By the profile ${work.run.name()} ${binding.rule}.`);
}

/** Checks an invariant of the profile; one that is not supported here is left to the worker. */
export function checkConstraint(
  value: unknown,
  { key = "", severity, human = "", expression }: NonNullable<ProfileElement["constraint"]>[number],
  base: string,
  plan: ObjectPlan | undefined,
  work: ProfileContext,
): void {
  const isOfR4 = /^(?:ele|ext|dom|ref|txt)-\d/.test(key) || plan?.rules.some((rule) => rule.key === key);
  if (severity !== "error" || isOfR4) return;
  if (!expression) {
    unsupported(work, `the rule ${key}, which has no FHIRPath`);
    return;
  }
  const excess = excessOf(expression);
  if (excess) {
    unsupported(work, `the rule ${key}, whose FHIRPath ${excess}`);
    return;
  }
  work.budget.spend(RULE_STEPS);
  const rule = ruleOf(expression, base, plan, work.budget);
  if (rule) {
    if (!rule(value, { resource: work.run.resource, budget: work.budget })) work.run.fault("invariant", `${key}: ${human}`);
    return;
  }
  work.budget.spend(DEFERRED_STEPS);
  work.deferred.push({ key, human, path: work.run.path(), expression, base, at: [...work.location] });
}

/** Cost of a rule in steps: for each value; for one that is sent to the worker; for each character of one that is compiled. */
const [RULE_STEPS, DEFERRED_STEPS, COMPILED_STEPS] = [10, 100, 20];

/** Compiled rules of profiles that are kept; the oldest is dropped first. */
const MAX_RULES = 2_000;

type ProfileRule = ReturnType<typeof compileMetered>;

/** By base and expression; null for rules that are left to the worker. */
const rules = new Map<string, ProfileRule | null>();

function ruleOf(expression: string, base: string, plan: ObjectPlan | undefined, budget: EvaluationBudget): ProfileRule | null {
  const key = `${base} ${expression}`;
  let rule = rules.get(key);
  if (rule === undefined) {
    budget.spend(expression.length * COMPILED_STEPS);
    rule = compiled(expression, base, plan);
    if (rules.size >= MAX_RULES) rules.delete(rules.keys().next().value as string);
    rules.set(key, rule);
  }
  return rule;
}

function compiled(expression: string, base: string, plan: ObjectPlan | undefined): ProfileRule | null {
  try {
    return compileMetered(expression, base, plan && !base.includes(".") ? elementsOf(plan.name) : []);
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error;
    return null;
  }
}
