/** Makes an import repeatable: a second one finds the resources of the first by identifier or, if they keep their ids, by id. */
import { parametersOf } from "../../fhir/search/parameters.ts";

/** The parts of a resource that an import reads. */
export interface ImportedResource {
  resourceType: string;
  id?: string;
  identifier?: unknown;
  [element: string]: unknown;
}

/** An entry of a bundle; further members are sent as they are. */
export interface Entry {
  fullUrl?: string;
  resource?: ImportedResource;
  request: { method: string; url: string; ifNoneExist?: string };
}

/** `identifier=system|value`: the resource's first identifier that has both. */
function identifierQuery({ resourceType, identifier }: ImportedResource): string | undefined {
  if (!parametersOf(resourceType).has("identifier")) return undefined;
  const list = (Array.isArray(identifier) ? identifier : [identifier]) as ({ system?: unknown; value?: unknown } | undefined)[];
  const found = list.find((it) => typeof it?.system === "string" && typeof it.value === "string");
  return found && `identifier=${encodeURIComponent(`${escaped(found.system as string)}|${escaped(found.value as string)}`)}`;
}

/** Escapes the separators of a search value (R4 3.1.1.4.0.1). */
const escaped = (text: string): string => text.replace(/[\\|,$]/g, "\\$&");

const isCreate = ({ request, resource }: Entry): boolean => request.method === "POST" && resource !== undefined;

/**
 * The same entries, with conditions that create a resource only if none has its identifier. Two entries of one
 * bundle with the same identifier are two resources to its author, and stay two.
 */
export function conditional(entries: Entry[]): Entry[] {
  const queries = entries.map((entry) => (isCreate(entry) ? queryOf(entry) : undefined));
  const counts = Map.groupBy(queries, (query) => query);
  return entries.map((entry, index) => {
    const query = queries[index];
    if (query === undefined || counts.get(query)?.length !== 1 || entry.request.ifNoneExist !== undefined) return entry;
    return { ...entry, request: { ...entry.request, ifNoneExist: query.slice(query.indexOf("?") + 1) } };
  });
}

/** `Type?identifier=…` of the resource that identifies the whole bundle: its Patient, otherwise its first with an identifier. */
export function anchorOf(entries: Entry[]): string | undefined {
  const creates = entries.filter(isCreate);
  const patient = creates.find(({ resource }) => resource?.resourceType === "Patient" && queryOf({ resource }) !== undefined);
  const anchor = patient ?? creates.find((entry) => queryOf(entry) !== undefined);
  return anchor && queryOf(anchor);
}

function queryOf({ resource }: Pick<Entry, "resource">): string | undefined {
  const query = resource && identifierQuery(resource);
  return query && `${resource.resourceType}?${query}`;
}

/** Whether the entries may be sent again when the outcome of the first attempt is unknown. */
export const isRepeatable = (entries: Entry[]): boolean =>
  entries.every(({ request }) => request.method !== "POST" || request.ifNoneExist !== undefined);
