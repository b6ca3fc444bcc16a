/** The stays in a place, or in parts of it, as a write will leave them: for rules. Pure. */
import type { Encounter, Location } from "../../fhir/r4.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import { isOpen } from "../../fhir/open-encounters.ts";
import type { Facts, Question } from "../../mixins/fhir/rules/rule.ts";
import { inPlaces, openStays, placesIn } from "./occupancy.ts";
import { partOf } from "./wards.model.ts";
import { typed } from "../../fhir/typed.ts";

/** Stays, and places per level, that are read: more than the largest ward has. */
const MAX_LOOKED_AT = 1_000;
/** Levels below a building: ward, room, bed. */
const MAX_LEVELS = 4;

const staysIn = (places: string[]): Question => ({
  type: "Encounter",
  clauses: [...openStays(), inPlaces(places)],
  limit: MAX_LOOKED_AT,
  isAnswer: (made) => placesIn(typed<Encounter>(made)).some((one) => places.includes(one)),
});
const partsOf = (places: string[]): Question => ({
  type: "Location",
  clauses: [partOf(places)],
  limit: MAX_LOOKED_AT,
  isAnswer: (made) => places.includes(placeOf(typed<Location>(made).partOf) ?? ""),
});

/** The parts of these places, as the write leaves them. */
function partsIn(places: string[], facts: Facts): string[] {
  return facts.found(partsOf(places)).map(({ id }) => `Location/${id as string}`);
}

/** A place and its parts, level by level, as far as they are known. */
function levelsOf(place: string, facts: Facts): string[][] {
  const levels = [[place]];
  while (levels.length < MAX_LEVELS) {
    const known = new Set(levels.flat());
    const next = partsIn(levels.at(-1) as string[], facts).filter((it) => !known.has(it));
    if (next.length === 0) break;
    levels.push(next);
  }
  return levels;
}

/** The questions whose answers tell who is in a place; their answers may lead to more. */
export function occupationQuestions(place: string, facts: Facts): Question[] {
  const levels = levelsOf(place, facts);
  return [...levels.map(partsOf), staysIn(levels.flat())];
}

/** `Encounter/id` of a stay in the place, or in parts of it, after the write. */
export function stayUnder(place: string, facts: Facts): string | undefined {
  const places = levelsOf(place, facts).flat();
  const stay = facts.found(staysIn(places)).find((it) => {
    const left = typed<Encounter>(it);
    return isOpen(left) && placesIn(left).some((one) => places.includes(one));
  });
  return stay && `Encounter/${stay["id"] as string}`;
}
