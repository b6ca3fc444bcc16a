/** A check against profiles under way. */
import type { EvaluationBudget } from "../../expressions/budget.ts";
import type { RuleTask } from "../../expressions/tasks.ts";
import type { ValidationContext } from "../validation-context.ts";
import type { Profile } from "./tree.ts";

/** What is checked against: all profiles that the caller has, and what was already said of them. */
export interface ProfileContext {
  run: ValidationContext;
  known: Map<string, Profile>;
  reported: Set<string>;
  depth: number;
  /** What the profiles may cost: they are their authors' as much as their expressions are. */
  budget: EvaluationBudget;
  /** Member names and positions in lists that lead from the resource to the value that is looked at. */
  location: (string | number)[];
  /** Rules that are left to the worker. */
  deferred: DeferredRule[];
}

/** A rule that is evaluated when all else is done. */
export interface DeferredRule extends RuleTask {
  key: string;
  human: string;
  /** FHIRPath of the element. */
  path: string;
}

/** Warns, once, of what cannot be checked. */
export function unsupported({ run, reported }: ProfileContext, what: string): void {
  if (reported.has(what)) return;
  reported.add(what);
  run.report("warning", "not-supported", `Not checked: ${what}.`);
}

const texts = new WeakMap<object, string>();

const MAX_SHOWN = 300;

/** What a profile says is no patient's data, and may be told; the first 300 characters. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_SHOWN)).slice(0, MAX_SHOWN);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const text = texts.get(value) ?? JSON.stringify(value).slice(0, MAX_SHOWN);
  texts.set(value, text);
  return text;
}
