/** FHIR's own invariants (rules of severity error in R4's definitions), compiled when a type is first used. */
import { plainText } from "../json.ts";
import type { ElementJson, RuleJson } from "./structure-definition.ts";
import { compilePlain } from "./rules/compile.ts";
import type { Scope } from "./rules/fhirpath-values.ts";
import { textOf } from "./rules/functions.ts";

/** One invariant, ready to be checked. */
export interface ElementInvariant {
  key: string;
  /** HL7's sentence. */
  human: string;
  /** FHIRPath, as R4 has it. */
  expression: string;
  isKept(node: unknown, scope: Scope): boolean;
}

/** Invariants that are checked by code: `contained.ts`, `reference-form.ts`, `narrative.ts`. */
const BY_HAND = new Set(["dom-2", "dom-3", "dom-4", "dom-5", "ref-1", "txt-1", "txt-2"]);

/** Invariants that are not checked, each with its reason. */
const EXCLUDED: Record<string, string> = {
  "ctm-1": "It reads another resource (member.resolve()), which a check before storing must not depend on.",
};

/** Invariants whose expression contradicts HL7's sentence and examples, or has a simpler equivalent. */
const REWRITTEN: Record<string, string> = {
  // `{} is decimal` is empty, so that HL7's form would refuse a prediction without a probability (RiskAssessment/breastcancer-risk).
  "ras-2": "probability.ofType(decimal).empty() or probability.ofType(decimal) <= 100",
  // FHIR's boolean is not System.Boolean, so that HL7's form would refuse every such question (Questionnaire/bb).
  "que-7": "operator = 'exists' implies answer.ofType(boolean).exists()",
  // Only these two of its children have elements.
  "sdf-9": "(snapshot | differential).element.where(path.contains('.').not()).all(label.empty() and code.empty() and requirements.empty())",
  "eld-2": "min.empty() or max.empty() or (max = '*') or (min <= max.toInteger())",
};

type Json = Record<string, unknown>;

/** Invariants that compare each item of a list with another list, in one pass: the expression would cost the product of both. */
const WRITTEN: Record<string, (node: unknown, scope: Scope) => boolean> = {
  "csd-1": (node) => areDistinct(node, "concept", "code"),
  "que-2": (node) => areDistinct(node, "item", "linkId"),
  "obs-7": (node) => {
    const { code, component, ...rest } = node as Json;
    if (!Object.keys(rest).some((name) => /^_?value[A-Z]/.test(name))) return true;
    const own = new Set(listIn(code, "coding").map(textOf));
    return !asList(component).some((one) => listIn((one as Json | null)?.["code"], "coding").some((coding) => own.has(textOf(coding))));
  },
  "ig-1": (node) => {
    const groups = new Set(listIn(node, "grouping").map((group) => (group as Json | null)?.["id"]));
    return listIn(node, "resource").every((one) => areIn(groups, [(one as Json | null)?.["groupingId"]]));
  },
  "ig-2": (node) => {
    const { fhirVersion, definition } = node as Json;
    const versions = new Set(asList(fhirVersion));
    return listIn(definition, "resource").every((one) => areIn(versions, listIn(one, "fhirVersion")));
  },
  "sdf-8": (node, { resource }) => {
    const [first, ...others] = pathsIn(node);
    const { kind, type } = resource as Json;
    return (kind === "logical" || first === type) && others.every((path) => path.startsWith(`${first}.`));
  },
  "sdf-8a": (node, { resource }) => {
    const [first = "", ...others] = pathsIn(node);
    const { kind, type } = resource as Json;
    return (kind === "logical" || first.startsWith(plainText(type))) && others.every((path) => path.startsWith(`${first.split(".")[0]}.`));
  },
};

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const listIn = (value: unknown, name: string): unknown[] => asList((value as Json | null | undefined)?.[name]);
const areIn = (known: Set<unknown>, values: unknown[]) => values.every((value) => value === undefined || known.has(value));
const pathsIn = (node: unknown): string[] => listIn(node, "element").map((element) => plainText((element as Json | null)?.["path"]));

/** @returns undefined for an invariant that is not checked as an expression */
export function ruleOf(
  { key, human, expression }: RuleJson,
  type: string,
  elements: ElementJson[],
  resource?: string,
): ElementInvariant | undefined {
  if (BY_HAND.has(key) || Object.hasOwn(EXCLUDED, key)) return undefined;
  const written = WRITTEN[key];
  if (written) return { key, human, expression, isKept: written };
  const text = REWRITTEN[key] ?? expression;
  return { key, human, expression, isKept: compilePlain(text, type, elements, resource) };
}

/** True if no two of the elements that `list` nests have the same text in `name`. */
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
