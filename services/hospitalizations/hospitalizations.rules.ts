import type { CodeableConcept, Encounter, Reference } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { refusalBy, type Change, type Facts, lookedAt, type Rule, type RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { encounterRules, isOpen } from "../../mixins/fhir/rules/encounter.ts";
import { notABed, wardClosed } from "./hospitalizations.errors.ts";
import { bedOf } from "./hospitalizations.model.ts";

/** The bed that somebody comes to lie in by this change. */
function newBed(change: Change<Encounter>): string | undefined {
  const { after } = change;
  const before = lookedAt(change); // who has visited a bed has not lain in it
  const bed = after && isOpen(after) ? localReference(bedOf(after)) : undefined;
  return before && isOpen(before) && localReference(bedOf(before)) === bed ? undefined : bed;
}

/** A Location as other services may know it. */
interface Place {
  status?: string;
  physicalType?: CodeableConcept;
  operationalStatus?: { code?: string };
  partOf?: Reference;
}

const placeIn = (facts: Facts, reference: string | undefined): Place | undefined => facts.of(reference)?.resource as Place | undefined;

/** A room and a ward are above a bed, at most a building and a site above these. */
const MAX_ABOVE = 4;

/** What a bed is part of, as far as it is known, from its room upwards. */
function above(facts: Facts, bed: string | undefined): string[] {
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
const isClosed = ({ status }: Place): boolean => status !== undefined && status !== "active";

const bed: Rule<Encounter> = {
  id: "encounter-bed",
  group: "beds",
  says: "A patient comes to lie in a bed that is in use, of a ward that is open.",
  facts: (change, facts) => {
    const taken = newBed(change);
    return [taken, ...above(facts, taken)];
  },
  check(change, facts) {
    const taken = newBed(change);
    const place = placeIn(facts, taken);
    if (taken === undefined || !place) return undefined;
    const kinds = place.physicalType?.coding?.map(({ code }) => code);
    if (isClosed(place) || OUT_OF_USE.includes(place.operationalStatus?.code ?? "") || (kinds && !kinds.includes("bd"))) {
      return refusalBy(notABed(taken), "Encounter.location.location");
    }
    const closed = above(facts, taken).find((it) => isClosed(placeIn(facts, it) ?? {}) || facts.of(it)?.is === "deleted");
    return closed === undefined ? undefined : refusalBy(wardClosed(closed), "Encounter.location.location");
  },
};

/** What holds for stays, whoever writes them. */
export const rules: RulesOf = { Encounter: [...encounterRules, bed] };
