/** The occupied beds, which follow from the open stays and from visits in a bed (an emergency on a trolley), Encounters of any owner. */
import { asSystem } from "../../mesh/access/access.ts";
import type { Encounter } from "../../fhir/r4.ts";
import { parseJson } from "../../fhir/json.ts";
import { codesClause, referenceClause } from "../../fhir/search/exact-clauses.ts";
import type { Clause, StoreQuery } from "../../fhir/search/query.ts";
import { ownerDown } from "../../federation/errors.ts";
import { localReference } from "../../federation/facts.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import type { QueryContext } from "../../federation/query-context.ts";
import { OPEN_STATUSES } from "../../fhir/open-encounters.ts";
import { isThere } from "../../mixins/fhir/rules/encounter.ts";
import { isForgotten } from "../../mixins/fhir/rules/encounter-places.ts";
import { INPATIENT } from "../hospitalizations/hospitalizations.contract.ts";

/** Stays per page. */
const PAGE = 1_000;

/** Clauses for open stays. */
export function openStays(): Clause[] {
  return [codesClause("Encounter", "status", OPEN_STATUSES), codesClause("Encounter", "class", INPATIENT)];
}

/** Clauses for open Encounters with one of these places, now or before. */
export const openIn = (places: string[]): Clause[] => [codesClause("Encounter", "status", OPEN_STATUSES), inPlaces(places)];

/** Whether an Encounter is a stay; others are visits. */
export const isStay = (it: Pick<Encounter, "class">): boolean => INPATIENT.includes(it.class?.code ?? "");

/** Clause for Encounters with one of these places, now or before. */
export const inPlaces = (places: string[]): Clause => referenceClause("Encounter", "location", places);

/** The present places of an open stay, `Location/…`. */
export const placesIn = ({ location = [] }: Pick<Encounter, "location">): string[] =>
  location.flatMap((it) => (isThere(it) ? (localReference(it.location.reference) ?? []) : []));

/** The places of an open Encounter, without those of a visit that was probably left open by mistake (`isForgotten`). */
export const placesTakenBy = (encounter: Encounter, now: Date): string[] =>
  placesIn(encounter).filter((place) => isStay(encounter) || !isForgotten(encounter, place, now));

/** The places of an open stay: a visit does not prevent the closing of a place. */
export const placesOfStay = (encounter: Encounter): string[] => (isStay(encounter) ? placesIn(encounter) : []);

/**
 * @param beds `Location/…`
 * @param placesOf the places that an Encounter occupies
 * @returns the occupied ones
 * @throws 503 OWNER_DOWN when an owner of Encounters is down
 */
export async function takenBeds(
  { caller, directory }: QueryContext,
  beds: string[],
  placesOf: (encounter: Encounter, now: Date) => string[] = placesTakenBy,
): Promise<Set<string>> {
  const taken = new Set<string>();
  if (beds.length === 0) return taken;
  const now = new Date();
  for (const { service, alive } of directory.known("Encounter")) {
    if (!alive) throw ownerDown("Encounter", service);
    for (let after: StoreQuery["after"]; ; ) {
      const query: StoreQuery = {
        type: "Encounter",
        clauses: openIn(beds),
        sort: [],
        want: "rows",
        limit: PAGE,
        ...(after && { after }),
      };
      const { rows, more } = await ownerOf(service).search(asSystem(caller, "wards"), { query });
      for (const { json } of rows) for (const place of placesOf(parseJson(json ?? "{}") as Encounter, now)) taken.add(place);
      const last = rows.at(-1);
      if (!more || !last) break;
      after = { values: [], seq: last.seq, id: last.id };
    }
  }
  return taken;
}
