/** FHIR's own invariants (rules of severity error in R4's definitions), compiled when a type is first met. */
import type { ElementJson, RuleJson } from "./definition.ts";
import { compilePlain, type Scope } from "./rules/compile.ts";
import { NotPlain } from "./rules/parse.ts";
import { libraryRule } from "./rules/library.ts";

export interface Rule {
  key: string;
  /** HL7's sentence. */
  human: string;
  isKept(node: unknown, scope: Scope): boolean;
}

/** Checked by code of their own: `contained.ts`, `references.ts`, `narrative.ts`. */
const BY_HAND = new Set(["dom-2", "dom-3", "dom-4", "dom-5", "ref-1", "txt-1", "txt-2"]);

/** Not checked, each for its reason. */
export const EXCLUDED: Record<string, string> = {};

/** @returns undefined for what is not checked as an expression */
export function ruleOf({ key, human, expression }: RuleJson, type: string, elements: ElementJson[], resource?: string): Rule | undefined {
  if (BY_HAND.has(key) || Object.hasOwn(EXCLUDED, key)) return undefined;
  try {
    return { key, human, isKept: compilePlain(expression, type, elements, resource) };
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error;
    return { key, human, isKept: libraryRule(expression, type) };
  }
}
