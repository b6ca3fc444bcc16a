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
export const EXCLUDED: Record<string, string> = {
  "ctm-1": "It reads another resource (member.resolve()), which a check before storing must not depend on.",
};

/** Rules whose expression does not say what HL7's sentence and examples do, or that have a plainer one; in the same words otherwise. */
const REWRITTEN: Record<string, string> = {
  // `{} is decimal` is empty, and the rule would refuse a prediction without a probability (RiskAssessment/breastcancer-risk).
  "ras-2": "probability.ofType(decimal).empty() or probability.ofType(decimal) <= 100",
  // FHIR's boolean is no System.Boolean, and the rule would refuse every such question (Questionnaire/bb).
  "que-7": "operator = 'exists' implies answer.ofType(boolean).exists()",
  "eld-2": "min.empty() or max.empty() or (max = '*') or (min <= max.toInteger())",
};

/** Rules over all descendants, in one pass: they must stay fast for a code system of a hundred thousand codes. */
const WRITTEN: Record<string, (node: unknown) => boolean> = {
  "csd-1": (node) => areDistinct(node, "concept", "code"),
  "que-2": (node) => areDistinct(node, "item", "linkId"),
};

/** @returns undefined for what is not checked as an expression */
export function ruleOf({ key, human, expression }: RuleJson, type: string, elements: ElementJson[], resource?: string): Rule | undefined {
  if (BY_HAND.has(key) || Object.hasOwn(EXCLUDED, key)) return undefined;
  const written = WRITTEN[key];
  if (written) return { key, human, isKept: written };
  const text = REWRITTEN[key] ?? expression;
  try {
    return { key, human, isKept: compilePlain(text, type, elements, resource) };
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error;
    return { key, human, isKept: libraryRule(text, type) };
  }
}

/** True when no two of the elements nested in one another by `list` have the same text in `name`. */
function areDistinct(root: unknown, list: string, name: string): boolean {
  const known = new Set<string>();
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { [list]: children, [name]: text } = (node ?? {}) as Record<string, unknown>;
    if (node !== root && typeof text === "string") {
      if (known.has(text)) return false;
      known.add(text);
    }
    if (Array.isArray(children)) for (const child of children) open.push(child ?? {});
  }
  return true;
}
