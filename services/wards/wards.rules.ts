import type { Encounter, Location } from "../../fhir/r4.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import { notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import type { Change, Question, Rule, RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { inPlaces, openStays, placesIn } from "./occupancy.ts";
import { takesNobody } from "./wards.model.ts";

/** Stays that are looked at: a bed has one, a room or a ward that stays name directly many. */
const MAX_STAYS = 100;

const isClosed = ({ before, after }: Change<Location>): boolean =>
  before !== undefined && after !== undefined && !takesNobody(before) && takesNobody(after);

const staysIn = (place: string): Question => ({ type: "Encounter", clauses: [...openStays(), inPlaces([place])], limit: MAX_STAYS });

const occupied: Rule<Location> = {
  id: "location-occupied",
  group: "beds",
  says: "A bed, room or ward in which somebody lies is not taken out of use.",
  isolates: isClosed,
  questions: (change) => (isClosed(change) ? [staysIn(change.reference)] : []),
  check(change, facts) {
    if (!isClosed(change)) return undefined;
    const { reference } = change;
    const stay = facts.found(staysIn(reference)).find((it) => placesIn(it as unknown as Encounter).includes(reference));
    if (!stay) return undefined;
    const message = `Encounter/${stay["id"] as string} is there: transfer or discharge the patient first.`;
    return refusal("location-occupied", message, "Location.status");
  },
};

/** What holds for wards, rooms and beds, whoever writes them. */
export const rules: RulesOf = { Location: [notDeletedUnder<Location>("Location", "set Location.status to inactive."), occupied] };
