/** Applies the rules of their types to the changes of one write. */
import type { FhirResource } from "../../../fhir/r4.ts";
import type { GatheredFacts } from "./gather.ts";
import type { Change } from "./rule.ts";
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
  const cases = changes.flatMap((changed) => book.of(changed.type).map((active): Case => ({ ...changed, active })));
  // First, as its answers lead to further facts.
  await facts.askNaming(
    cases.flatMap(({ active, change }) => {
      const asked = active.rule.asksNaming?.(change);
      return asked ? [{ place: change.reference, ...asked }] : [];
    }),
  );
  const asking = cases.filter(({ active: { rule } }) => rule.facts !== undefined || rule.questions !== undefined);
  for (let round = 0; asking.length > 0 && round < MAX_ROUNDS; round += 1) {
    const wanted = asking.flatMap(({ active, change }) => active.rule.facts?.(change as Change<FhirResource>, facts) ?? []);
    const questions = asking.flatMap(({ active, change }) => active.rule.questions?.(change, facts) ?? []);
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

interface Case extends SteppedChange {
  active: ActiveRule;
}
