/** A bed is the place of one patient at a time, whatever the class of the Encounter: a trolley of the emergency department as well as a ward's bed. */
import { intervalOf } from "../../../fhir/dates.ts";
import type { Encounter } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { codesClause, referenceClause } from "../../../fhir/search/exact-clauses.ts";
import { typed } from "../../../fhir/typed.ts";
import { placeOf, refusal } from "./common.ts";
import { isOpen, OPEN_STATUSES } from "../../../fhir/open-encounters.ts";
import { isBed, isForgotten, newPlaces, placeIn, placesOf } from "./encounter-places.ts";
import { isAmong } from "./one-person.ts";
import { isPatientHere } from "./patients-of.ts";
import { type Change, type Facts, lookedAt, type Question, type Rule } from "./rule.ts";

const ID = "encounter-bed-of-one";
/** Limit of the open Encounters examined that name one bed, now or before. */
const MAX_LOOKED_AT = 200;

/**
 * @param counts which other Encounters occupy a place, of those that may be written there
 *
 * Unique keys prevent two stays in one bed, but one owner does not see the other's keys, and a visit that was never closed must not occupy a bed
 * forever (`isForgotten`). Applies only to Locations that say that they are a bed: one that says nothing may be a whole hospital in data from
 * other systems, with many patients at once.
 */
export function bedOfOne(inpatient: readonly string[], counts = anyOther(inpatient)): Rule<Encounter> {
  const questionOf = (place: string): Question => ({
    type: "Encounter",
    clauses: [codesClause("Encounter", "status", OPEN_STATUSES), referenceClause("Encounter", "location", [place])],
    limit: MAX_LOOKED_AT,
    isAnswer: (made) => placesOf(typed<Encounter>(made)).includes(place),
  });
  /** The beds into which the change brings a patient who was not there before. */
  const asked = (change: Change<Encounter>): string[] => {
    const { after } = change;
    if (!after || !isPatientHere(placeOf(after.subject))) return [];
    const before = lookedAt(change);
    return before && placeOf(before.subject) === placeOf(after.subject) ? newPlaces(change) : isOpen(after) ? placesOf(after) : [];
  };
  const beds = (change: Change<Encounter>, facts: Facts): string[] =>
    asked(change).filter((place) => facts.of(place)?.is === "living" && isBed(placeIn(facts, place) ?? {}));
  const othersIn = (change: Change<Encounter>, facts: Facts): Other[] => {
    const { after, reference, now } = change;
    if (!after) return [];
    return beds(change, facts).flatMap((place) =>
      facts.found(questionOf(place)).flatMap((found: Resource): Other[] => {
        const other = typed<Encounter>(found);
        const by = `Encounter/${other.id}`;
        const patient = placeOf(other.subject);
        const isThereToo = by !== reference && isOpen(other) && placesOf(other).includes(place);
        return isThereToo && isPatientHere(patient) && counts({ own: after, other, place, now }) ? [{ by, place, patient }] : [];
      }),
    );
  };
  return {
    id: ID,
    group: "beds",
    says: "A bed is the place of only one patient's open Encounter, whatever its class; a visit that came to the bed more than a day ago does not block it.",
    facts: (change, facts) => {
      const others = othersIn(change, facts).map(({ patient }) => patient);
      return [...asked(change), ...(others.length > 0 ? [...others, placeOf(change.after?.subject)] : [])];
    },
    questions: (change, facts) => beds(change, facts).map(questionOf),
    check(change, facts) {
      const own = placeOf(change.after?.subject) ?? "";
      const other = othersIn(change, facts).find(({ patient }) => !isAmong(patient, [own], facts));
      if (!other) return undefined;
      const what = `${other.by} of another patient is in ${other.place}: choose another place, or end its place there first.`;
      return { ...refusal(ID, what, "Encounter.location.location"), data: { bed: other.place, by: other.by } };
    },
  };
}

/** Two Encounters in one place. */
interface Two {
  own: Encounter;
  other: Encounter;
  place: string;
  now: Date;
}

const isStay = (it: Encounter, inpatient: readonly string[]): boolean => inpatient.includes(it.class?.code ?? "");

/** Which Encounters occupy a place: stays, except for another stay, which unique keys cover; and visits that were not left open by mistake. */
const anyOther =
  (inpatient: readonly string[]) =>
  ({ own, other, place, now }: Two): boolean =>
    isStay(other, inpatient) ? !isStay(own, inpatient) : !isForgotten(other, place, now);

/** For stored data: of two visits the one written last is reported, of two of one moment that of the higher id; of a visit and a stay, the stay. */
export const otherVisits =
  (inpatient: readonly string[]) =>
  ({ own, other, place, now }: Two): boolean => {
    const written = intervalOf(other.meta?.lastUpdated ?? "")?.[0] ?? 0;
    const isBefore = written < now.getTime() || (written === now.getTime() && (other.id ?? "") < (own.id ?? ""));
    return !isStay(own, inpatient) && !isStay(other, inpatient) && isBefore && !isForgotten(other, place, now);
  };

interface Other {
  /** `Encounter/id` */
  by: string;
  /** "Location/…" */
  place: string;
  /** "Patient/…" */
  patient: string;
}
