/** The records of one person: a look at one that was merged into another is a look at that person. */
import type { QueryContext } from "../../federation/query-context.ts";
import { isType } from "../../federation/errors.ts";
import { readResource } from "../../federation/read.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Patient } from "../../fhir/r4.ts";

/** Records that are followed; nobody has so many. */
const MAX_RECORDS = 50;
const MERGED = new Set(["replaced-by", "replaces"]);

/**
 * The references of all records that this one was merged into or has taken the place of, and of theirs, itself first.
 * @throws 503 OWNER_DOWN where nobody can tell
 */
export async function recordsOf(mesh: QueryContext, patient: string): Promise<string[]> {
  const records = [patient];
  // The list grows while it is gone through.
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
    if (isType(error, "NOT_FOUND") || isType(error, "GONE")) return []; // what was seen of it is on record all the same
    throw error;
  }
}
