import type { Encounter } from "../../fhir/r4.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import { isOpen } from "../../fhir/open-encounters.ts";
import { bedOfOne } from "../../mixins/fhir/rules/bed-of-one.ts";
import { placeIn, placesOf } from "../../mixins/fhir/rules/encounter-places.ts";
import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import type { Facts, Rule } from "../../mixins/fhir/rules/rule.ts";
import { INPATIENT } from "./hospitalizations.contract.ts";
import { above, oneBed } from "./hospitalizations.rules.ts";

/** The places of a stay, and those that they are part of. */
const withAbove = (stay: Encounter, facts: Facts): string[] => placesOf(stay).flatMap((place) => [place, ...above(facts, place)]);

const bedOpen: Rule<Encounter> = {
  id: "stay-bed-in-use",
  group: "beds",
  says: "A patient in the hospital is in a bed, a room or a ward that is in use.",
  facts: ({ after }, facts) => (after && isOpen(after) ? withAbove(after, facts) : []),
  check({ after }, facts) {
    if (!after || !isOpen(after)) return undefined;
    const closed = withAbove(after, facts).find((place) => {
      const status = placeIn(facts, place)?.status;
      return status !== undefined && status !== "active";
    });
    if (closed === undefined) return undefined;
    return refusal("stay-bed-in-use", `${closed} is not in use: transfer the patient, or open it again.`, "Encounter.location");
  },
};

/** Invariants of stored stays, whatever has happened to their beds since. */
export const invariants: Invariants = { always: { Encounter: [bedOpen, oneBed, bedOfOne(INPATIENT)] } };
