/** When something happened that is recorded afterwards: `at` of the domain's actions, one parameter and one check for all. */
import { Errors } from "moleculer";
import { intervalOf } from "../../fhir/dates.ts";
import { shownAgainAt } from "../../fhir/time-zone.ts";
import type { Extension } from "../../fhir/r4.ts";
import type { OccurrenceTime } from "../../mesh/occurrence-time-contract.ts";
import { reasonRule, timeRule } from "../../mesh/param-rules.ts";

/** Rules of `OccurrenceTime` for Moleculer's validator. */
export const occurrenceTimeRules = { at: { ...timeRule, optional: true }, lateReason: { ...reasonRule, optional: true } } as const;

/** How far ahead the clocks of senders may be, milliseconds. */
const AHEAD_MS = 300_000;
/** What happened longer ago than this is recorded late and needs a reason. Milliseconds. */
const LATE_MS = 86_400_000;

/** Limit for patients whose date of birth is not known: longer than anyone has lived. Years. */
const LIFETIME_YEARS = 130;
/** A time with its time zone. */
const ZONED = /(?:Z|[+-]\d\d:\d\d)$/;

const { MoleculerClientError } = Errors;

/** 409: the time is in the future. */
const atInFuture = () =>
  new MoleculerClientError("`at` is in the future: give the time when it happened, or none for now.", 409, "AT_IN_FUTURE");

/** 409: the time is before `after`, e.g. the start of the visit, or the prescription of what is dispensed. */
const atTooEarly = (after: string) =>
  new MoleculerClientError(`\`at\` is before ${after}: give a later time, or correct that one.`, 409, "AT_TOO_EARLY", { after });

/** 409: a mistyped year. */
const atBeforeAnybody = () => atTooEarly(`the lifetime of anybody who is treated (${LIFETIME_YEARS} years)`);

/** 409: a late entry needs a reason. */
const lateReasonMissing = () =>
  new MoleculerClientError(
    "It happened more than a day ago: give in `lateReason` the reason why it is recorded now.",
    409,
    "LATE_REASON_MISSING",
  );

/**
 * The time at which it happened; now, if none is given.
 * @param after what it cannot have happened before (`Encounter/1`), and its time as FHIR has it
 * @throws 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING
 */
export function occurrenceTime(
  { at, lateReason }: OccurrenceTime,
  { now, after }: { now: Date; after?: { what: string; time: string | undefined } },
): Date {
  if (at === undefined) return now;
  const [earliest = Number.NEGATIVE_INFINITY] = (after?.time !== undefined && intervalOf(after.time)) || [];
  const [low, high] = meant(at, earliest, now);
  if (low > now.getTime() + AHEAD_MS) throw atInFuture();
  if (after && high < earliest) throw atTooEarly(after.what);
  if (high < new Date(now).setUTCFullYear(now.getUTCFullYear() - LIFETIME_YEARS)) throw atBeforeAnybody();
  if (low < now.getTime() - LATE_MS && lateReason === undefined) throw lateReasonMissing();
  return new Date(Math.min(Math.max(low, earliest), now.getTime()));
}

/** In the hour that occurs twice when clocks go back, the second one is meant if the first is too early and the second not in the future. */
function meant(at: string, earliest: number, now: Date): [low: number, high: number] {
  const [low = now.getTime(), high = low] = intervalOf(at) ?? [];
  const again = ZONED.test(at) || high >= earliest ? undefined : shownAgainAt(low);
  return again === undefined || again > now.getTime() + AHEAD_MS ? [low, high] : [again, again + high - low];
}

/** Extension: the reason of a late entry. */
const LATE_REASON = "urn:openward:late-reason";

/** Adds the reason of a late entry to its resource. */
export function withLateReason<Of extends { extension?: Extension[] }>(resource: Of, { at, lateReason }: OccurrenceTime): Of {
  if (at === undefined || lateReason === undefined) return resource;
  return { ...resource, extension: [...(resource.extension ?? []), { url: LATE_REASON, valueString: lateReason }] };
}
