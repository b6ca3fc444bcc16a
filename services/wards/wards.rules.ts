import type { Encounter, Location } from "../../fhir/r4.ts";
import { referenceClause, requireParameter } from "../../fhir/search/exact-clauses.ts";
import { type Clause, SEP } from "../../fhir/search/query.ts";
import { notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import { type Change, type Question, refusalBy, type Rule, type RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { INPATIENT } from "../hospitalizations/hospitalizations.contract.ts";
import { stillOccupied } from "./wards.errors.ts";
import { isClosed } from "./wards.model.ts";

/** Stays in one place that are looked at: a room has some beds, and patients who wait for one. */
const MAX_STAYS = 100;

const ofCodes = (parameter: string, values: string[]): Clause => ({
  kind: "key",
  slots: requireParameter("Encounter", parameter).slots,
  any: values.map((value) => ({ prefix: `=${value}${SEP}` })),
});

/** Whether a place takes nobody in any more by this change. */
const closes = ({ before, after }: Change<Location>): boolean => Boolean(before && after && !isClosed(before) && isClosed(after));

const whoIsThere = (reference: string): Question => ({
  type: "Encounter",
  clauses: [
    referenceClause("Encounter", "location", [reference]),
    ofCodes("class", INPATIENT),
    ofCodes("status", ["arrived", "triaged", "in-progress", "onleave"]),
  ],
  limit: MAX_STAYS,
});

const emptied: Rule<Location> = {
  id: "location-occupied",
  group: "beds",
  says: "A bed, or another place where a patient is, is not closed or taken out of use.",
  questions: (change) => (closes(change) ? [whoIsThere(change.reference)] : []),
  check(change, facts) {
    if (!closes(change)) return undefined;
    const stays = facts.found(whoIsThere(change.reference)) as unknown as Encounter[];
    const isThere = stays.some(({ location = [] }) =>
      location.some((it) => it.status === "active" && placeOf(it.location) === change.reference),
    );
    return isThere ? refusalBy(stillOccupied(change.reference, [change.reference]), "Location.status") : undefined;
  },
};

/** What holds for wards, rooms and beds, whoever writes them. */
export const rules: RulesOf = { Location: [notDeletedUnder<Location>("Location", "set Location.status to inactive."), emptied] };
