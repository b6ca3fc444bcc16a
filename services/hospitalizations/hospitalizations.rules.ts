import type { Encounter } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import { type Change, type Facts, type Refusal, refusalBy, type Rule, type RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { bedOfOne } from "../../mixins/fhir/rules/bed-of-one.ts";
import { encounterRules } from "../../mixins/fhir/rules/encounter.ts";
import { isBed, type KnownLocation, mayBeBed, newPlaces, placeIn, placesOf } from "../../mixins/fhir/rules/encounter-places.ts";
import { bedSince } from "./bed-since.ts";
import { notABed, wardClosed } from "./hospitalizations.errors.ts";
import { INPATIENT } from "./hospitalizations.contract.ts";

/** Levels above a bed: room and ward, at most a building and a site. */
const MAX_ABOVE = 4;

/** The known places above a bed, from its room upwards. */
export function above(facts: Facts, bed: string | undefined): string[] {
  const places: string[] = [];
  let next = localReference(placeIn(facts, bed)?.partOf?.reference);
  while (next !== undefined && places.length < MAX_ABOVE) {
    places.push(next);
    next = localReference(placeIn(facts, next)?.partOf?.reference);
  }
  return places;
}

/** HL7 v2 table 0116: closed, housekeeping, isolated, contaminated. */
const OUT_OF_USE = ["C", "H", "I", "K"];
const isClosed = ({ status }: KnownLocation): boolean => status !== undefined && status !== "active";

/** Why no patient can be admitted there; undefined: one can, or the place is not known here. */
function reasonAgainst(taken: string, facts: Facts): Refusal | undefined {
  const place = placeIn(facts, taken);
  if (!place) return undefined;
  const mayBe = mayBeBed(place);
  const isUnusable = isClosed(place) || OUT_OF_USE.includes(place.operationalStatus?.code ?? "");
  if (mayBe && isUnusable) return refusalBy(notABed(taken), "Encounter.location.location");
  const closed = [...(mayBe ? [] : [taken]), ...above(facts, taken)].find(
    (it) => isClosed(placeIn(facts, it) ?? {}) || facts.of(it)?.is === "deleted",
  );
  return closed === undefined ? undefined : refusalBy(wardClosed(closed), "Encounter.location.location");
}

const bed: Rule<Encounter> = {
  id: "encounter-bed",
  group: "beds",
  says: "A patient is placed only in a bed that is in use, in a ward that is open.",
  facts: (change, facts) => newPlaces(change).flatMap((taken) => [taken, ...above(facts, taken)]),
  check: (change, facts) => newPlaces(change).flatMap((taken) => reasonAgainst(taken, facts) ?? [])[0],
};

/** The places of the patient after a change that moves the patient. */
const placesAfter = (change: Change<Encounter>): string[] => (change.after && newPlaces(change).length > 0 ? placesOf(change.after) : []);

/** A patient is not in two beds. */
export const oneBed: Rule<Encounter> = {
  id: "encounter-one-bed",
  group: "beds",
  says: "A patient is in one bed at a time.",
  facts: placesAfter,
  check(change, facts) {
    const beds = placesAfter(change).filter((place) => isBed(placeIn(facts, place) ?? {}));
    if (beds.length < 2) return undefined;
    const message = `The stay is in ${beds.join(" and ")} at once: end one of them (status completed, with its period).`;
    return refusal("encounter-one-bed", message, "Encounter.location.location");
  },
};

/** The rules of stays. */
export const rules: RulesOf = { Encounter: [...encounterRules, bed, oneBed, bedSince, bedOfOne(INPATIENT)] };
