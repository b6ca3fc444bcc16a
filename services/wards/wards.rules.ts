import type { Location } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { systemsAsListed } from "../../mixins/fhir/rules/systems-as-listed.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import { notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import type { Change, Facts, Rule, RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { seenNames } from "../../mixins/fhir/rules/seen-names.ts";
import { occupationQuestions, stayUnder } from "./occupation.ts";
import { isBed, isInUse, takesNobody } from "./wards.model.ts";
import { typed } from "../../fhir/typed.ts";

/** Levels above a bed: room, ward, building, site, campus. */
const MAX_ABOVE = 5;

/** The parent place, if the change sets it. */
const newParent = ({ before, after }: Change<Location>): string | undefined => {
  const parent = localReference(after?.partOf?.reference);
  return parent === localReference(before?.partOf?.reference) ? undefined : parent;
};

/** The known places above the new parent, from the room upwards. */
function newAbove(change: Change<Location>, facts: Facts): string[] {
  const places: string[] = [];
  for (let next = newParent(change); next !== undefined && places.length < MAX_ABOVE; ) {
    places.push(next);
    next = localReference((facts.of(next)?.resource as Location | undefined)?.partOf?.reference);
  }
  return places;
}

/** Whether a place above the new parent is closed, or does not exist. */
const comesUnderClosed = (change: Change<Location>, facts: Facts): boolean =>
  newAbove(change, facts).some((place) => {
    const fact = facts.of(place);
    return fact?.is === "absent" || fact?.is === "deleted" || (fact?.resource && !isInUse(typed<Location>(fact.resource)));
  });

/** The element by which a place stops taking patients; undefined: it takes them as before. */
function turnedBy(change: Change<Location>): "status" | "physicalType" | "partOf" | undefined {
  const { before, after } = change;
  if (!before || !after) return undefined;
  if (!takesNobody(before) && takesNobody(after)) return "status";
  if (isBed(before) !== isBed(after)) return "physicalType";
  return newParent(change) === undefined ? undefined : "partOf";
}

const occupied: Rule<Location> = {
  id: "location-occupied",
  group: "beds",
  says: "A place with a patient in it, or in one of its beds, is not taken out of use, does not become part of a place that is out of use, and does not become a bed, or stop being one.",
  isolates: (change) => turnedBy(change) !== undefined,
  facts: newAbove,
  questions: (change, facts) => (turnedBy(change) ? occupationQuestions(change.reference, facts) : []),
  check(change, facts) {
    const by = turnedBy(change);
    if (by === undefined || (by === "partOf" && !comesUnderClosed(change, facts))) return undefined;
    const stay = stayUnder(change.reference, facts);
    if (stay === undefined) return undefined;
    return refusal("location-occupied", `${stay} is there: transfer or discharge the patient first.`, `Location.${by}`);
  },
};

const partOf: Rule<Location> = {
  id: "location-part-of",
  group: "values",
  holdsAlways: true,
  says: "A Location is not part of itself, nor of one of its own parts.",
  facts: newAbove,
  check(change, facts) {
    if (!newAbove(change, facts).includes(change.reference)) return undefined;
    return refusal("location-part-of", "The place would be part of itself: name the place that contains it.", "Location.partOf", 422);
  },
};

/** The rules of wards, rooms and beds. */
export const rules: RulesOf = {
  Location: [
    notDeletedUnder<Location>("Location", "set Location.status to inactive."),
    systemsAsListed<Location>("Location"),
    seenNames<Location>("Location"),
    partOf,
    occupied,
  ],
};
