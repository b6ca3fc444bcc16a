/**
 * Searches by the id of a patient record that was merged into another (`patients.merge`). Everything that referred to it refers to the other one
 * by then, and an app that still has the old id must not take an empty answer for "nothing is known of this patient".
 */
import { ID_PATTERN } from "../../../fhir/ids.ts";
import { replacementsOf } from "../../../federation/replacements.ts";
import { rightsOfCaller } from "../../../mesh/access/access.ts";
import type { Answer } from "../http/answer.ts";
import type { FhirRequest } from "./request.ts";

/** Records of one search that are looked up; a search for more patients at once gets its empty answer. */
const MAX_RECORDS = 20;
/** Merges that are followed: a record may have been merged into one that was merged itself. */
const MAX_MERGES = 5;
const OF_PATIENT = new RegExp(`^(.*/)?Patient/(${ID_PATTERN})$`);
const BARE_ID = new RegExp(`^${ID_PATTERN}$`);
/** Parameters that name patients by a bare id, at the end of a chain too. */
const PATIENT_PARAMETERS = /(?:^|\.)(?:patient|subject)$|:Patient$/;

/**
 * Answers a search. If it finds nothing, and names a record that was merged, it is answered for the record that replaced it: the self link names
 * that one, and an OperationOutcome says so.
 * @param ask the search; `path` and `query` of its request may differ from what was sent
 */
export async function ofCurrentRecords(request: FhirRequest, ask: (request: FhirRequest) => Promise<Answer>): Promise<Answer> {
  const answer = await ask(request);
  if (!answer.isEmptyPage || request.query.some(([name]) => name === "_page")) return answer;
  const { path, query } = request;
  const named = new Set([...(isCompartment(path) ? [path[1] as string] : []), ...query.flatMap((pair) => recordsIn(request, pair))]);
  if (named.size === 0 || named.size > MAX_RECORDS) return answer;
  const records = await replacedAmong(request, named);
  return records.size === 0 ? answer : ask(forRecords(request, records));
}

/** The request with each replaced record named by the one that replaced it. @param replaced ids by the ids that they replace */
export function forRecords(request: FhirRequest, replaced: ReadonlyMap<string, string>): FhirRequest {
  const current = (id: string): string => replaced.get(id) ?? id;
  const path = isCompartment(request.path) ? request.path.map((part, index) => (index === 1 ? current(part) : part)) : request.path;
  const query = request.query.map(([name, value]): [string, string] => [
    name,
    eachOf(value, (one) => {
      const id = recordOf(request, name, one);
      return id === undefined ? one : one.slice(0, one.length - id.length) + current(id);
    }),
  ]);
  const search = query.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
  return { ...request, path, query, search, replaced };
}

/**
 * The records among these that were merged, with those that replaced them. The mesh itself looks them up, which is no access to a patient; so only for
 * callers who may read all patients.
 */
export async function replacedAmong({ caller, directory }: FhirRequest, ids: Iterable<string>): Promise<Map<string, string>> {
  if ((rightsOfCaller(caller)?.with("Patient", "r") ?? "all") !== "all") return new Map();
  const current = new Map([...ids].map((id) => [id, id]));
  let open = [...current.values()];
  for (let merges = 0; merges < MAX_MERGES && open.length > 0; merges += 1) {
    const next = await replacementsOf({ caller, directory }, open, "api");
    for (const [first, id] of current) current.set(first, next.get(id) ?? id);
    open = [...next.values()];
  }
  return new Map([...current].filter(([first, id]) => first !== id && !open.includes(id)));
}

const isCompartment = (path: string[]): boolean => path[0] === "Patient" && path.length > 2;

const recordsIn = (request: FhirRequest, [name, value]: [string, string]): string[] => {
  const found: string[] = [];
  eachOf(value, (one) => {
    found.push(...[recordOf(request, name, one) ?? []].flat());
    return one;
  });
  return found;
};

/** The id in one value of a parameter, if it names a patient of this server; references have no escaped commas. */
function recordOf({ bases, path }: FhirRequest, name: string, value: string): string | undefined {
  if (path[0] === "Patient" && !isCompartment(path)) return undefined; // of patients themselves, the links are searched
  const [, prefix, id] = OF_PATIENT.exec(value) ?? [];
  if (id !== undefined) return prefix === undefined || bases.some((base) => prefix === `${base}/`) ? id : undefined;
  return PATIENT_PARAMETERS.test(name) && BARE_ID.test(value) ? value : undefined;
}

const eachOf = (value: string, change: (one: string) => string): string => value.split(",").map(change).join(",");
