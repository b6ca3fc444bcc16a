import { intervalOf } from "../../fhir/dates.ts";
import type { Encounter, Period } from "../../fhir/r4.ts";
import { referenceClause, timeClause } from "../../fhir/search/exact-clauses.ts";
import { localReference } from "../../federation/facts.ts";
import { isOpen } from "../../fhir/open-encounters.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import { isThere } from "../../mixins/fhir/rules/encounter.ts";
import { mayBeBed, newPlaces, placeIn } from "../../mixins/fhir/rules/encounter-places.ts";
import { type Change, type Facts, type Question, refusalBy, type Rule } from "../../mixins/fhir/rules/rule.ts";
import { INPATIENT } from "./hospitalizations.contract.ts";
import { bedOccupied } from "./hospitalizations.errors.ts";
import { typed } from "../../fhir/typed.ts";

// Unique keys tell who is in a bed now. When a move is entered late, or undone, it also matters who was there in between.

/** A move that is entered within this time needs no look back. Milliseconds. */
const AT_ONCE_MS = 60_000;
/** Stays in one bed and period that are checked. */
const MAX_STAYS = 200;
const LAIN_THERE =
  "Another patient has been in this bed since that time: give the time from which the patient is in it (location.period), or choose another bed.";
/** Statuses of stays that did not take place. */
const NEVER = ["planned", "cancelled", "entered-in-error"];

const beginOf = (period: Period | undefined): number | undefined =>
  period?.start === undefined ? undefined : intervalOf(period.start)?.[0];

/** The places to which a patient is moved as of an earlier time, with that time. */
function since(change: Change<Encounter>): { place: string; start: number }[] {
  const { after, now } = change;
  return newPlaces(change).flatMap((place) => {
    const entry = after?.location?.find((it) => isThere(it) && localReference(it.location.reference) === place);
    const start = beginOf(entry?.period) ?? beginOf(after?.period);
    return start === undefined || start > now.getTime() - AT_ONCE_MS ? [] : [{ place, start }];
  });
}

const questionOf = ({ place, start }: { place: string; start: number }, now: Date): Question => ({
  type: "Encounter",
  clauses: [referenceClause("Encounter", "location", [place]), timeClause("Encounter", "date", { since: start, until: now.getTime() })],
  limit: MAX_STAYS,
  isAnswer: (made) => typed<Encounter>(made).location?.some(({ location }) => localReference(location.reference) === place) ?? false,
});

/** Whether a stay was in the place after that time. */
function layThere(stay: Encounter, { place, start }: { place: string; start: number }): boolean {
  if (NEVER.includes(stay.status) || !INPATIENT.includes(stay.class?.code ?? "")) return false;
  return (stay.location ?? []).some(({ status, location, period = stay.period }) => {
    if (status === "planned" || status === "reserved" || localReference(location.reference) !== place) return false;
    const end = period?.end ?? stay.period?.end;
    const [left = Number.POSITIVE_INFINITY] = (end !== undefined && intervalOf(end)) || [];
    return left > start;
  });
}

/** Refuses a late entry into a bed in which another patient has been since. */
export const bedSince: Rule<Encounter> = {
  id: "encounter-bed-since",
  group: "beds",
  says: "A patient's time in a bed begins after the last other patient has left it.",
  facts: (change) => since(change).map(({ place }) => place),
  questions: (change) => since(change).map((it) => questionOf(it, change.now)),
  check(change, facts: Facts) {
    const id = change.reference.slice("Encounter/".length);
    // That a patient has two open stays is refused as such, by a unique key.
    const isOwn = (stay: Encounter) => isOpen(stay) && placeOf(stay.subject) === placeOf(change.after?.subject);
    const taken = since(change).find((it) => {
      if (!mayBeBed(placeIn(facts, it.place) ?? {})) return false;
      const others = facts.found(questionOf(it, change.now)).filter((stay) => stay.id !== id);
      return others.some((stay) => !isOwn(typed<Encounter>(stay)) && layThere(typed<Encounter>(stay), it));
    });
    return taken && { ...refusalBy(bedOccupied(taken.place), "Encounter.location.location"), message: LAIN_THERE };
  },
};
