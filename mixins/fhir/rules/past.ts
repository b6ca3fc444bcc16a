/** When an act was done, according to itself: what is entered later, or comes from another system, is a record and begins nothing new. */
import { intervalOf } from "../../../fhir/dates.ts";

/** An act done longer ago than this is past. Milliseconds. */
export const PAST_MS = 86_400_000;

/** Elements with the time of an act; the first that has a value counts. Paths through objects, not arrays. */
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

/** Statuses of acts that are over, whenever that was. */
const OVER = ["finished", "completed", "cancelled", "revoked", "stopped", "aborted", "entered-in-error"];

/** Whether an act says that it was done more than a day ago, or gives no time and is over. */
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
