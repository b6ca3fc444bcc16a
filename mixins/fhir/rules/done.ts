/** A completed act cannot lie in the future. */
import { intervalOf } from "../../../fhir/dates.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import { idOf, refusal, withArticle } from "./common.ts";
import type { Rule } from "./rule.ts";

/** Tolerance: the date differs between time zones, and clocks of senders differ. Milliseconds. */
const AHEAD_MS = 86_400_000;

/**
 * @param how.statuses statuses of completed acts
 * @param how.times elements with the time of completion; the first that has a value counts
 */
export function notInFuture<Of extends FhirResource & { status?: string }>(
  type: Of["resourceType"],
  { statuses, times }: { statuses: readonly string[]; times(resource: Of): Record<string, string | undefined> },
): Rule<Of> {
  const id = `${idOf(type)}-time`;
  /** The element and the time of completion. */
  const doneAt = (it: Of | undefined): [element: string, time: string] | undefined => {
    if (!it || !statuses.includes(it.status ?? "")) return undefined;
    return Object.entries(times(it)).find((one): one is [string, string] => one[1] !== undefined);
  };
  return {
    id,
    group: "values",
    holdsAlways: true,
    says: `${withArticle(type)} with the status ${statuses.join(", ")} has no time in the future.`,
    check({ before, after, now }) {
      const [element, time] = doneAt(after) ?? [];
      if (time === undefined || time === doneAt(before)?.[1]) return undefined;
      const [low = 0] = intervalOf(time) ?? [];
      if (low <= now.getTime() + AHEAD_MS) return undefined;
      return refusal(id, `The status is ${after?.status}, but the time is in the future: correct one of them.`, `${type}.${element}`, 422);
    },
  };
}
