/** The state of a validation against profiles. */
import type { EvaluationBudget } from "../../expressions/budget.ts";
import type { RuleTask } from "../../expressions/tasks.ts";
import type { ValidationContext } from "../validation-context.ts";
import type { Profile } from "./tree.ts";

/** All profiles that the caller has given, and what has been reported. */
export interface ProfileContext {
  run: ValidationContext;
  known: Map<string, Profile>;
  reported: Set<string>;
  depth: number;
  /** Evaluation cost that the profiles may take; clients write profiles as well as expressions. */
  budget: EvaluationBudget;
  /** Member names and list positions from the resource to the value under test. */
  location: (string | number)[];
  /** Rules that are left to the worker. */
  deferred: DeferredRule[];
}

/** A rule that is evaluated at the end. */
export interface DeferredRule extends RuleTask {
  key: string;
  human: string;
  /** FHIRPath of the element. */
  path: string;
}

/** Reports once that something cannot be checked. */
export function unsupported({ run, reported }: ProfileContext, what: string): void {
  if (reported.has(what)) return;
  reported.add(what);
  run.report("warning", "not-supported", `Not checked: ${what}.`);
}

const texts = new WeakMap<object, string>();

const MAX_SHOWN = 300;

/** Text for an error: what a profile contains is not patient data. At most 300 characters. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_SHOWN)).slice(0, MAX_SHOWN);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const text = texts.get(value) ?? JSON.stringify(value).slice(0, MAX_SHOWN);
  texts.set(value, text);
  return text;
}
