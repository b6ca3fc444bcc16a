/** A bed in which a patient lies cannot be given to another, not even by an Encounter that is no stay; and no stay begins in an occupied bed. */
import type { Encounter } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { codesClause, referenceClause } from "../../../fhir/search/exact-clauses.ts";
import { typed } from "../../../fhir/typed.ts";
import { placeOf, refusal } from "./common.ts";
import { isOpen, OPEN_STATUSES } from "./encounter.ts";
import { isBed, newPlaces, placeIn, placesOf } from "./encounter-places.ts";
import { isAmong } from "./one-person.ts";
import { isPatientHere } from "./patients-of.ts";
import { type Change, type Facts, lookedAt, type Question, type Rule } from "./rule.ts";

const ID = "encounter-bed-of-one";
/** Limit of the open Encounters examined that name one bed, now or before. */
const MAX_LOOKED_AT = 200;

/**
 * Unique keys prevent two stays in one bed, but one owner does not see the other's keys. Applies only to Locations that say that they are a
 * bed: one that says nothing may be a whole hospital in data from other systems, with many patients at once.
 */
export function bedOfOne(inpatient: readonly string[]): Rule<Encounter> {
  const isStay = (it: Encounter): boolean => inpatient.includes(it.class?.code ?? "");
  const questionOf = (place: string, isOfStay: boolean): Question => ({
    type: "Encounter",
    clauses: [
      codesClause("Encounter", "status", OPEN_STATUSES),
      ...(isOfStay ? [] : [codesClause("Encounter", "class", inpatient)]),
      referenceClause("Encounter", "location", [place]),
    ],
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
    const { after, reference } = change;
    if (!after) return [];
    return beds(change, facts).flatMap((place) =>
      facts.found(questionOf(place, isStay(after))).flatMap((found: Resource): Other[] => {
        const other = typed<Encounter>(found);
        const by = `Encounter/${other.id}`;
        const patient = placeOf(other.subject);
        const isThereToo = by !== reference && isOpen(other) && placesOf(other).includes(place) && isStay(other) !== isStay(after);
        return isThereToo && isPatientHere(patient) ? [{ by, place, patient }] : [];
      }),
    );
  };
  return {
    id: ID,
    group: "beds",
    says: "A bed in which a patient lies is not where another patient's open Encounter is, whatever its class; and nobody comes to lie in one in which another's is.",
    facts: (change, facts) => {
      const others = othersIn(change, facts).map(({ patient }) => patient);
      return [...asked(change), ...(others.length > 0 ? [...others, placeOf(change.after?.subject)] : [])];
    },
    questions: (change, facts) => beds(change, facts).map((place) => questionOf(place, change.after !== undefined && isStay(change.after))),
    check(change, facts) {
      const own = placeOf(change.after?.subject) ?? "";
      const other = othersIn(change, facts).find(({ patient }) => !isAmong(patient, [own], facts));
      if (!other) return undefined;
      const what = `${other.by} of another patient is in ${other.place}: choose another place, or end its place there first.`;
      return { ...refusal(ID, what, "Encounter.location.location"), data: { bed: other.place, by: other.by } };
    },
  };
}

interface Other {
  /** `Encounter/id` */
  by: string;
  /** "Location/…" */
  place: string;
  /** "Patient/…" */
  patient: string;
}
