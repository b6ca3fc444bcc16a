/** Resources of a search with their patients. */
import type { FhirResource, Patient, Reference } from "../../../../fhir/r4.ts";
import { search } from "../platform/api.ts";

/** A resource and its patient; undefined if not available, or not visible to the user. */
export interface WithPatient<Resource> {
  of: Resource;
  patient: Patient | undefined;
}

/** Results of a search, with their patients. */
export interface Joined<Resource> {
  all: WithPatient<Resource>[];
  isPartial: boolean;
}

/** @param link the search parameter that refers to the patient: `subject` @param find a search that adds to the query */
export async function searchWithPatients<Resource extends FhirResource & { subject?: Reference }>(
  type: Resource["resourceType"],
  query: Record<string, string>,
  link = "subject",
  find: typeof search<Resource> = search,
): Promise<Joined<Resource>> {
  const asked: [string, string][] = [...Object.entries(query), ["_include", `${type}:${link}`]];
  const { resources, included, isPartial } = await find(type, asked);
  const patients = new Map(included.map((one) => [`${one.resourceType}/${one.id}`, one as Patient]));
  return { all: resources.map((of) => ({ of, patient: patients.get(of.subject?.reference ?? "") })), isPartial };
}
