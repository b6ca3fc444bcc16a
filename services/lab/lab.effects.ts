import type { Observation } from "../../fhir/r4.ts";
import { intervalOf } from "../../fhir/dates.ts";
import type { Effect, EffectsOf } from "../../mixins/fhir/rules/effects.ts";
import { PAST_MS } from "../../mixins/fhir/rules/past.ts";
import type { Change } from "../../mixins/fhir/rules/rule.ts";
import { CRITICAL } from "./bench.contract.ts";
import { isTagged, tagged, untagged } from "./bench/interpretation.ts";
import { flagIn, isCritical, valueIn } from "./bench/measured-values.ts";

const ISSUED = new Set(["final", "amended", "corrected"]);
const STATES = [CRITICAL.waiting, CRITICAL.acknowledged];

const isAlarming = (result: Observation): boolean => ISSUED.has(result.status) && isCritical(flagIn(result));

/** Whether a result was issued, or else measured, more than a day ago: it comes with a record, and nobody can react to it any more. */
function isHistory({ issued, effectiveDateTime, effectivePeriod }: Observation, now: number): boolean {
  const [, known = now] = intervalOf(issued ?? effectiveDateTime ?? effectivePeriod?.start ?? "") ?? [];
  return known < now - PAST_MS;
}

/**
 * A critical result that another system writes, or changes, waits to be acknowledged, as one does that was released at the bench. A client that sends it
 * back without the tag takes it from no list; a changed value is a new alarm, and one that is not critical, or was entered in error, is none any more.
 */
async function changed({ before, after, reference, now }: Change<Observation>): Promise<Effect | undefined> {
  if (!after) return undefined;
  const result = { ...after, id: reference.slice("Observation/".length) };
  if (!isAlarming(after)) return isTagged(after, CRITICAL.waiting) ? { movements: [], changes: [untagged(result)] } : undefined;
  if (STATES.some((state) => isTagged(after, state))) return undefined;
  const isKept = before !== undefined && isAlarming(before) && valueIn(before).value === valueIn(after).value;
  const kept = isKept ? STATES.find((state) => isTagged(before, state)) : undefined;
  if (kept === undefined && isHistory(after, now.getTime())) return undefined;
  return { movements: [], changes: [tagged(result, kept ?? CRITICAL.waiting)] };
}

/** The effects of changes of results. */
export const effects: EffectsOf = { Observation: changed };
