/** The rules of one service that are in force, according to RULES. */
import { Errors } from "moleculer";
import { ERROR_TYPES, MISSING_REFERENCE } from "../../../fhir/outcome.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import type { Ownership } from "../../../federation/owner-contract.ts";
import type { RuleSettings } from "../../../mesh/rule-settings.ts";
import { everyReference } from "./every-reference.ts";
import type { AnyRule, Refusal, RulesOf } from "./rule.ts";

/** How a rule applies: it refuses, only warns, or does not apply. */
export type RuleMode = "on" | "warn" | "off";

/** A rule that is evaluated, and how it applies. */
export interface ActiveRule {
  rule: AnyRule;
  mode: "on" | "warn";
}

/** How one rule applies: in RULES its own name takes precedence over its group's. */
export function modeOf({ id, group, isOptional }: Pick<AnyRule, "id" | "group" | "isOptional">, settings: RuleSettings): RuleMode {
  const mode = settings.named[id] ?? settings.named[group];
  if (mode === undefined) return isOptional ? "off" : settings.otherwise;
  return mode === "all" ? "on" : mode;
}

/** The evaluated rules by type; types without any are left out and cost nothing. */
export class Rulebook {
  readonly #byType = new Map<string, ActiveRule[]>();
  /** `RULES=off`: this is a plain FHIR server. */
  readonly areOff: boolean;

  /** @param types all types that the service owns */
  constructor(rules: RulesOf, settings: RuleSettings, types: readonly string[] = []) {
    this.areOff = settings.otherwise === "off";
    const isAll = settings.named["references"] === "all";
    const all = new Map<string, AnyRule[]>(isAll ? types.map((type) => [type, [everyReference]]) : []);
    for (const [type, own] of Object.entries(rules) as [string, AnyRule[]][]) all.set(type, [...own, ...(all.get(type) ?? [])]);
    for (const [type, own] of all) {
      const active = own.flatMap((rule): ActiveRule[] => {
        const mode = modeOf(rule, settings);
        return mode === "off" ? [] : [{ rule, mode }];
      });
      if (active.length > 0) this.#byType.set(type, active);
    }
  }

  /** Whether a rule of the type refuses. */
  isOn(type: string, id: string): boolean {
    return this.of(type).some(({ rule, mode }) => rule.id === id && mode === "on");
  }

  /** Whether resources of the type can be final. */
  mayBeFinal(type: string): boolean {
    return this.of(type).some(({ rule }) => rule.isFinal !== undefined);
  }

  /** Whether the content of a stored resource stays. */
  isFinal(stored: FhirResource): boolean {
    return this.of(stored.resourceType).some(({ rule }) => rule.isFinal?.(stored));
  }

  /** What is announced about the rules of a type. */
  told(type: string): Pick<Ownership, "rules"> {
    const rules = this.of(type).map(({ rule: { id, says }, mode }) => ({ id, says, mode }));
    return rules.length > 0 ? { rules } : {};
  }

  of(type: string): readonly ActiveRule[] {
    return this.#byType.get(type) ?? NONE;
  }
}

const NONE: readonly ActiveRule[] = [];

/**
 * A refusal as an error that can be sent between nodes: `data.rule` is the rule's id, `data.issues` are for the OperationOutcome.
 * @param step index of the refused step
 */
export function ruleError({ code, type, message, at, data, missing }: Refusal, rule: Pick<AnyRule, "id">, step: number): Error {
  const what = missing === undefined ? [] : [{ system: MISSING_REFERENCE, code: missing }];
  const details = { coding: [{ system: ERROR_TYPES, code: type }, ...what] };
  const issue = { severity: "error", code: "business-rule", details, diagnostics: message, expression: [at], step };
  return new Errors.MoleculerClientError(message, code, type, { ...data, rule: rule.id, step, issues: [issue] });
}
