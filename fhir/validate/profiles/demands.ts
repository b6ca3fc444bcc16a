/** What a profile demands of one value by itself: a value set, a rule, a target of a reference. */
import { evaluateAt } from "../../fhirpath.ts";
import { bindingOf } from "../binding.ts";
import { elementsOf, isResource } from "../definition.ts";
import type { ObjectPlan } from "../plan.ts";
import { compilePlain } from "../rules/compile.ts";
import { NotPlain } from "../rules/parse.ts";
import { withTimeout, TimeExceeded } from "./with-timeout.ts";
import { coreType, type Node, withoutVersion } from "./tree.ts";
import { unsupported, type ProfileContext } from "./profile-context.ts";

/** Whether a reference leads to a type that the profile allows. */
export function checkTarget(value: unknown, targetProfile: string[], work: ProfileContext): void {
  const reference = (value as { reference?: unknown } | null)?.reference;
  const found =
    typeof reference === "string"
      ? /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?$/.exec(reference)?.[1]
      : undefined;
  if (!found || !isResource(found)) return;
  const targets = targetProfile.map((url) => coreType(url) ?? work.known.get(withoutVersion(url))?.type);
  if (targets.includes("Resource") || targets.includes(found)) return;
  if (targets.includes(undefined))
    unsupported(work, `references to ${targetProfile.join(" or ").slice(0, 300)}, of which not all are stored`);
  else work.run.fault("value", `The profile wants ${work.run.name()} to lead to ${targets.join(" or ")}, not to ${found}.`);
}

/** Whether a code is in the value set that the profile requires, as far as that is known here. */
export function checkBinding(value: unknown, type: string, valueSet: string, work: ProfileContext): void {
  const binding = bindingOf(withoutVersion(valueSet).split("/").at(-1)!, type);
  if (!valueSet.startsWith("http://hl7.org/fhir/ValueSet/") || !binding.isKnown)
    unsupported(work, `the value set ${valueSet.slice(0, 200)}`);
  else if (!binding.includes(value)) work.run.fault("code-invalid", `By the profile ${work.run.name()} ${binding.rule}.`);
}

/** Whether a rule of the profile's own holds. */
export function checkConstraint(
  value: unknown,
  { key = "", severity, human = "", expression }: Node["constraints"][number],
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
  const rule = ruleOf(expression, base, plan);
  const check = () => rule(value, work.run.resource);
  let isKept: boolean | undefined;
  try {
    isKept = /matches/i.test(expression) ? withTimeout(check, work.run.time) : check();
  } catch (error) {
    if (!(error instanceof TimeExceeded)) throw error;
    work.run.fault(
      "too-costly",
      `The rule ${key} of the profile takes too long on this value: shorten the value, or mend its regular expression.`,
    );
    return;
  }
  if (isKept === undefined) unsupported(work, `the rule ${key}: its FHIRPath cannot be evaluated here`);
  else if (!isKept) work.run.fault("invariant", `${key}: ${human}`);
}

/** Compiled rules of profiles that are kept; the oldest goes first. */
const MAX_RULES = 2_000;

type ProfileRule = (value: unknown, resource: unknown) => boolean | undefined;

const rules = new Map<string, ProfileRule>();

function ruleOf(expression: string, base: string, plan: ObjectPlan | undefined): ProfileRule {
  const key = `${base} ${expression}`;
  let rule = rules.get(key);
  if (!rule) {
    rule = compileRule(expression, base, plan);
    if (rules.size >= MAX_RULES) rules.delete(rules.keys().next().value!);
    rules.set(key, rule);
  }
  return rule;
}

function compileRule(expression: string, base: string, plan: ObjectPlan | undefined): ProfileRule {
  try {
    const plain = compilePlain(expression, base, plan && !base.includes(".") ? elementsOf(plan.name) : []);
    return (value, resource) => plain(value, { resource });
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error;
  }
  return (value, resource) => {
    try {
      const found = evaluateAt(expression, base, value, { resource });
      return found.length === 1 && found[0] === true;
    } catch {
      return undefined;
    }
  };
}
