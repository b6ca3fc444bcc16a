/** Applies the rules of their types to the changes of one write. */
import type { NamedResource } from "../../../federation/named-resources.ts";
import type { GatheredFacts } from "./gather.ts";
import type { Change, Question } from "./rule.ts";
import { type ActiveRule, type Rulebook, ruleError } from "./rulebook.ts";

/** A change and the index of its step. */
export interface SteppedChange {
  step: number;
  type: string;
  change: Change;
}

/** A broken rule that only warns. */
export interface Warning {
  rule: string;
  /** `Type/id` */
  reference: string;
  message: string;
}

/** Depth to which facts may lead to further facts (a bed, its room, its ward, its building, its site; and its occupant). */
const MAX_ROUNDS = 6;

/**
 * @returns the broken rules that only warn
 * @throws 409, 422 with `data.rule` and `data.step` for the first rule that refuses; 503 when an owner whose facts are needed is down
 */
export async function evaluate(book: Rulebook, changes: SteppedChange[], facts: GatheredFacts): Promise<Warning[]> {
  const cases: Case[] = [];
  for (const { step, type, change } of changes) for (const active of book.of(type)) cases.push({ step, change, active });
  // First, as its answers lead to further facts.
  const named: NamedResource[] = [];
  for (const { active, change } of cases) {
    const asked = active.rule.asksNaming?.(change);
    if (asked) named.push({ place: change.reference, ...asked });
  }
  await facts.askNaming(named);
  const asking = cases.filter(({ active: { rule } }) => rule.facts !== undefined || rule.questions !== undefined);
  for (let round = 0; asking.length > 0 && round < MAX_ROUNDS; round += 1) {
    const wanted = new Set<string | undefined>();
    const questions: Question[] = [];
    for (const { active, change } of asking) {
      for (const reference of active.rule.facts?.(change, facts) ?? NONE) wanted.add(reference);
      for (const question of active.rule.questions?.(change, facts) ?? NONE) questions.push(question);
    }
    const isNew = await Promise.all([facts.ask(wanted), facts.askFor(questions)]);
    if (!isNew.includes(true)) break;
  }
  const warnings: Warning[] = [];
  for (const { active, change, step } of cases) {
    const refusal = active.rule.check(change, facts);
    if (!refusal) continue;
    if (active.mode === "on") throw ruleError(refusal, active.rule, step);
    warnings.push({ rule: active.rule.id, reference: change.reference, message: refusal.message });
  }
  return warnings;
}

/** A change, and a rule of its type. */
interface Case {
  step: number;
  change: Change;
  active: ActiveRule;
}

const NONE: readonly never[] = [];
