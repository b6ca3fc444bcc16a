/** When something happened that is written down afterwards: `at` of the domain's actions, one parameter and one check for all. */
import { Errors } from "moleculer";
import { intervalOf } from "../../fhir/dates.ts";
import { shownAgainAt } from "../../fhir/time-zone.ts";
import type { Extension } from "../../fhir/r4.ts";
import type { Happened } from "../../mesh/happened-contract.ts";
import { reasonRule, timeRule } from "../../mesh/param-rules.ts";

/** `Happened` as rules for Moleculer's validator. */
export const happenedRules = { at: { ...timeRule, optional: true }, lateReason: { ...reasonRule, optional: true } } as const;

/** Clocks of senders may be ahead by so much, milliseconds. */
const AHEAD_MS = 300_000;
/** What happened longer ago is late, and needs a reason. Milliseconds. */
const LATE_MS = 86_400_000;

/** Nobody has lived longer, so nothing was done for a patient before, whose date of birth may be unknown. Years. */
const LIFETIME_YEARS = 130;
/** A time that names its zone. */
const ZONED = /(?:Z|[+-]\d\d:\d\d)$/;

const { MoleculerClientError } = Errors;

/** 409: nothing has happened tomorrow. */
const atInFuture = () =>
  new MoleculerClientError("`at` is in the future: give the time when it happened, or none for now.", 409, "AT_IN_FUTURE");

/** 409: nothing is done in a visit before it, nothing handed out before it is prescribed. `after` is what comes first. */
const atTooEarly = (after: string) =>
  new MoleculerClientError(`\`at\` is before ${after}: give a later time, or correct that one.`, 409, "AT_TOO_EARLY", { after });

/** 409: a year that was mistyped. */
const atBeforeAnybody = () => atTooEarly(`the lifetime of anybody who is treated (${LIFETIME_YEARS} years)`);

/** 409: what is written down late says why. */
const lateReasonMissing = () =>
  new MoleculerClientError("It happened more than a day ago: say in `lateReason` why it is written down now.", 409, "LATE_REASON_MISSING");

/**
 * When it happened; now, where nothing is said.
 * @param after what it cannot have happened before (`Encounter/1`), and its time as FHIR has it
 * @throws 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING
 */
export function happenedAt(
  { at, lateReason }: Happened,
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

/** In the hour that the clocks show twice it is the second, where the first is before what comes first, and the second is not in the future. */
function meant(at: string, earliest: number, now: Date): [low: number, high: number] {
  const [low = now.getTime(), high = low] = intervalOf(at) ?? [];
  const again = ZONED.test(at) || high >= earliest ? undefined : shownAgainAt(low);
  return again === undefined || again > now.getTime() + AHEAD_MS ? [low, high] : [again, again + high - low];
}

/** Of what was written down late: why. */
const LATE_REASON = "urn:openward:late-reason";

/** A resource of what happened, with the reason why it is written down late. */
export function withLateReason<Of extends { extension?: Extension[] }>(resource: Of, { at, lateReason }: Happened): Of {
  if (at === undefined || lateReason === undefined) return resource;
  return { ...resource, extension: [...(resource.extension ?? []), { url: LATE_REASON, valueString: lateReason }] };
}
