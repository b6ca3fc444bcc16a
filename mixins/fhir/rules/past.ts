/** When an act was done, as it says itself: what is entered later, or comes from elsewhere, is a record and begins nothing. */
import { intervalOf } from "../../../fhir/dates.ts";

/** What was done longer ago is the past. Milliseconds. */
export const PAST_MS = 86_400_000;

/** Where acts have their time, the first that is there; through members, not lists. */
const TIMES = [
  "period.start",
  "authoredOn",
  "effectiveDateTime",
  "effectiveInstant",
  "effectivePeriod.start",
  "occurrenceDateTime",
  "occurrencePeriod.start",
  "whenHandedOver",
  "whenPrepared",
  "collection.collectedDateTime",
  "collection.collectedPeriod.start",
  "receivedTime",
  "start",
  "date",
  "issued",
  "enteredDate",
  "created",
];

/** Statuses of what is over, whenever that was. */
const OVER = ["finished", "completed", "cancelled", "revoked", "stopped", "aborted", "entered-in-error"];

/** Whether it says that it was done more than a day ago, or says no time and is over. */
export function isOfThePast(act: object, now: Date): boolean {
  for (const path of TIMES) {
    let value: unknown = act;
    for (const name of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[name];
    if (typeof value !== "string") continue;
    const [low] = intervalOf(value) ?? [];
    if (low !== undefined) return low <= now.getTime() - PAST_MS;
  }
  return OVER.includes((act as { status?: string }).status ?? "");
}
