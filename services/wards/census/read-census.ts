/** Reads the stays of a period. */
import type { Encounter } from "../../../fhir/r4.ts";
import { parseJson } from "../../../fhir/json.ts";
import { codesClause, timeClause } from "../../../fhir/search/exact-clauses.ts";
import type { Clause, StoreQuery } from "../../../fhir/search/query.ts";
import { hospitalZone } from "../../../fhir/time-zone.ts";
import type { QueryContext } from "../../../federation/query-context.ts";
import { searchOwners } from "../../../federation/scatter-gather.ts";
import { OPEN_STATUSES } from "../../../fhir/open-encounters.ts";
import { INPATIENT } from "../../hospitalizations/hospitalizations.contract.ts";
import type { WardPlace } from "../board/ward-tree.ts";
import type { Census } from "../census.contract.ts";
import { censusTooLarge } from "../wards.errors.ts";
import { censusOf, daysBetween, momentsOf } from "./census.model.ts";

/** Stays per page, and per census: those of a quarter of a year in a hospital with 3,000 beds. */
const [PAGE, MAX_STAYS] = [1_000, 60_000];

/** @param mesh asks as the service itself: the figures have no patient data @throws 409 DAYS_IMPOSSIBLE, CENSUS_TOO_LARGE; 503 */
export async function readCensus(mesh: QueryContext, tree: WardPlace[], { from, to }: { from: string; to: string }): Promise<Census> {
  const days = daysBetween(from, to, hospitalZone());
  const [begin, end] = momentsOf(days);
  const clauses: Clause[] = [
    codesClause("Encounter", "class", INPATIENT),
    codesClause("Encounter", "status", [...OPEN_STATUSES, "finished"]),
    timeClause("Encounter", "date", { since: begin, until: end }),
  ];
  const stays: Encounter[] = [];
  for (let after: StoreQuery["after"]; ; ) {
    const query: StoreQuery = { type: "Encounter", clauses, sort: [], limit: PAGE, want: "rows", ...(after && { after }) };
    const { rows, more } = await searchOwners(mesh, query, { partial: false, missing: new Set() });
    stays.push(...rows.map(({ json }) => parseJson(json ?? "{}") as Encounter));
    const last = rows.at(-1);
    if (!more || !last) return censusOf(tree, stays, days);
    if (stays.length >= MAX_STAYS) throw censusTooLarge();
    after = { values: last.values, seq: last.seq, id: last.id };
  }
}
