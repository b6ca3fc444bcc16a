/** The records of one person: an access to a record that was merged into another is an access to that person's record. */
import type { QueryContext } from "../../federation/query-context.ts";
import { isType } from "../../federation/errors.ts";
import { readResource } from "../../federation/read.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Patient } from "../../fhir/r4.ts";

/** Records that are followed; no person has so many. */
const MAX_RECORDS = 50;
const MERGED = new Set(["replaced-by", "replaces"]);

/**
 * The references of this record and of all that it was merged with, directly or through others; itself first.
 * @throws 503 OWNER_DOWN if that is unknown
 */
export async function recordsOf(mesh: QueryContext, patient: string): Promise<string[]> {
  const records = [patient];
  // The list grows during the loop.
  for (const reference of records) {
    for (const other of await mergedWith(mesh, reference)) {
      if (!records.includes(other) && records.length < MAX_RECORDS) records.push(other);
    }
  }
  return records;
}

async function mergedWith(mesh: QueryContext, reference: string): Promise<string[]> {
  if (mesh.directory.known("Patient").length === 0) return [];
  try {
    const { json } = await readResource(mesh, "Patient", reference.slice("Patient/".length));
    const { link = [] } = parseJson(json) as Patient;
    return link.flatMap(({ type, other }) => (MERGED.has(type) && other.reference?.startsWith("Patient/") ? [other.reference] : []));
  } catch (error) {
    if (isType(error, "NOT_FOUND") || isType(error, "GONE")) return []; // accesses to deleted records are found as well
    throw error;
  }
}
