/** What other resources say about two records that are to be merged. */
import type { Patient, Stored } from "../../../fhir/r4.ts";
import { OPEN_STATUSES } from "../../../fhir/open-encounters.ts";
import { parseSearch } from "../../../fhir/search/parse-search.ts";
import type { Directory } from "../../../federation/directory.ts";
import { searchPage } from "../../../federation/search-page.ts";
import type { Caller } from "../../../mesh/caller.ts";
import { relativeIdsOf } from "./doubts.ts";

/** Encounters that are read. */
const MAX_FOUND = 100;
/** Bytes of JSON that are read. */
const MAX_BYTES = 1_000_000;

interface Mesh {
  caller: Caller;
  directory: Directory;
}

async function idsOf(mesh: Mesh, type: string, query: [string, string][]): Promise<string[]> {
  if (mesh.directory.known(type).length === 0) return [];
  const search = parseSearch(type, query, { base: "", handling: "strict" });
  return (await searchPage(mesh, { type, search, limit: MAX_FOUND, maxBytes: MAX_BYTES })).rows.map(({ id }) => id);
}

/** The open visits and stays of a patient, "Encounter/…". @param patient "Patient/…" */
export async function openEncounters(mesh: Mesh, patient: string): Promise<string[]> {
  const ids = await idsOf(mesh, "Encounter", [
    ["subject", patient],
    ["status", OPEN_STATUSES.join()],
  ]);
  return ids.map((id) => `Encounter/${id}`);
}

/** Whether one is known as a relative of the other. */
async function isRelativeOf(mesh: Mesh, one: Stored<Patient>, other: Stored<Patient>): Promise<boolean> {
  const relatives = relativeIdsOf(one);
  if (relatives.length === 0) return false;
  const found = await idsOf(mesh, "RelatedPerson", [
    ["patient", `Patient/${other.id}`],
    ["_id", relatives.join()],
  ]);
  return found.length > 0;
}

/** Whether one of the two is recorded as a relative of the other. @throws 503 OWNER_DOWN */
export async function areRelatives(mesh: Mesh, one: Stored<Patient>, other: Stored<Patient>): Promise<boolean> {
  return (await isRelativeOf(mesh, one, other)) || (await isRelativeOf(mesh, other, one));
}
