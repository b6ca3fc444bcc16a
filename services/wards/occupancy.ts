/** The occupied beds, which follow from the open stays, Encounters of any owner. */
import { asSystem } from "../../mesh/access/access.ts";
import type { Encounter } from "../../fhir/r4.ts";
import { parseJson } from "../../fhir/json.ts";
import { codesClause, referenceClause } from "../../fhir/search/exact-clauses.ts";
import type { Clause, StoreQuery } from "../../fhir/search/query.ts";
import { ownerDown } from "../../federation/errors.ts";
import { localReference } from "../../federation/facts.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import type { QueryContext } from "../../federation/query-context.ts";
import { isThere, OPEN_STATUSES } from "../../mixins/fhir/rules/encounter.ts";
import { INPATIENT } from "../hospitalizations/hospitalizations.contract.ts";

/** Stays per page. */
const PAGE = 1_000;

/** Clauses for open stays. */
export function openStays(): Clause[] {
  return [codesClause("Encounter", "status", OPEN_STATUSES), codesClause("Encounter", "class", INPATIENT)];
}

/** Clause for Encounters with one of these places, now or before. */
export const inPlaces = (places: string[]): Clause => referenceClause("Encounter", "location", places);

/** The present places of an open stay, `Location/…`. */
export const placesIn = ({ location = [] }: Pick<Encounter, "location">): string[] =>
  location.flatMap((it) => (isThere(it) ? (localReference(it.location.reference) ?? []) : []));

/**
 * @param beds `Location/…`; absent: all
 * @returns the occupied ones
 * @throws 503 OWNER_DOWN when an owner of stays is down
 */
export async function takenBeds({ caller, directory }: QueryContext, beds?: string[]): Promise<Set<string>> {
  const among = beds ? [inPlaces(beds)] : [];
  const taken = new Set<string>();
  for (const { service, alive } of directory.known("Encounter")) {
    if (!alive) throw ownerDown("Encounter", service);
    for (let after: StoreQuery["after"]; ; ) {
      const query: StoreQuery = {
        type: "Encounter",
        clauses: [...openStays(), ...among],
        sort: [],
        want: "rows",
        limit: PAGE,
        ...(after && { after }),
      };
      const { rows, more } = await ownerOf(service).search(asSystem(caller, "wards"), { query });
      for (const { json } of rows) for (const place of placesIn(parseJson(json ?? "{}") as Encounter)) taken.add(place);
      const last = rows.at(-1);
      if (!more || !last) break;
      after = { values: [], seq: last.seq, id: last.id };
    }
  }
  return taken;
}
