/** Records that were one record at some time: what was edited between a merge and its unmerge stays where it was. */
import { parseJson } from "../../fhir/json.ts";
import type { Patient } from "../../fhir/r4.ts";
import { localReference, splitPlace } from "../../federation/facts.ts";
import type { OwnerSource } from "./owner-stores.ts";

/** Limits of the search: versions of a patient, and patients. */
const MAX_VERSIONS = 500;
const MAX_PATIENTS = 50;

/** Whether two patients, `Patient/id`, were ever merged, with each other or both with a third. */
export async function wereMerged(sources: OwnerSource[], one: string, other: string): Promise<boolean> {
  const seen = new Set([one]);
  for (const patient of seen) {
    if (seen.size > MAX_PATIENTS) return false;
    for (const linked of await linkedEver(sources, patient)) seen.add(linked);
  }
  return seen.has(other);
}

async function linkedEver(sources: OwnerSource[], patient: string): Promise<string[]> {
  const [type, id] = splitPlace(patient);
  const all: string[] = [];
  for (const { store, owns } of sources) {
    if (!owns.has(type)) continue;
    const { versions } = await store.history({ type, id, limit: MAX_VERSIONS, maxBytes: Number.MAX_SAFE_INTEGER });
    for (const { json } of versions) {
      const { link = [] } = json === undefined ? {} : (parseJson(json) as Patient);
      for (const { other } of link) all.push(localReference(other.reference) ?? "");
    }
  }
  return all.filter((it) => it !== "");
}
