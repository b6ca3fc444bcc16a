/**
 * Requests for what the caller may not see are answered as if it did not exist. Where that is a success, an empty search or a deletion of nothing, the
 * attempt is recorded here, as the refusal of a read is.
 */
import { notFound } from "../../../federation/errors.ts";
import { resolveCriteria } from "../../../federation/resolve-criteria.ts";
import { deletesPart } from "../../../federation/seen.ts";
import { isResourceType } from "../../../fhir/search/parameters.ts";
import { parseSearch } from "../../../fhir/search/parse-search.ts";
import { typeBeyond } from "../../../fhir/search/types-read.ts";
import { PROVENANCE } from "../../../federation/version-authors.ts";
import { FhirError } from "../../../fhir/outcome.ts";
import { notAllowed, type Rights } from "../../../mesh/access/access.ts";
import type { FhirRequest } from "../fhir/request.ts";
import { namedInUrl } from "./named-in-url.ts";

/** Interactions that show resources. */
const TO_SEE = ["s", "r"] as const;
/** Names of parameters that may be criteria on other resources; encoded ones may be any. */
const FAR = /(?:^|&)[^=&]*(?:[.%]|_has|_list)/;
/** Types of one search that are looked at. */
const MAX_TYPES = 10;
/** Resources that are looked for; of more, the attempt is recorded if one of these is not seen. */
const MAX_LOOKED_FOR = 100;

/** Records that a deletion by a caller who may delete a part of the type had no effect. @param place `Type/id`, or `Type?criteria` */
export function reportUnseenDeletion({ caller, report }: Pick<FhirRequest, "caller" | "report">, type: string, id = ""): void {
  if (deletesPart(caller, type)) report(notFound(type, id));
}

/**
 * Records a search, or a deletion by criteria, that has succeeded, and has named what the caller may not see.
 * @param rights the caller's, as they were before: what has been done is not refused afterwards
 */
export async function reportUnseen(request: FhirRequest, rights: Rights | undefined): Promise<void> {
  const { caller, report, path, method } = request;
  const isByCriteria = path.length !== 2 || path[1]?.startsWith("_") || path[1]?.startsWith("$");
  if (!isByCriteria || (method !== "GET" && method !== "DELETE" && !/^(?:_search$|\$)/.test(path.at(-1) ?? ""))) return;
  const asked = caller.meta?.["asked"];
  if (!rights || typeof asked !== "string") return;
  if (seesAll(rights, path) && !FAR.test(queryOf(asked))) return;
  const named = namedInUrl(asked.split(" ")[1] ?? "");
  const beyond = method === "DELETE" ? undefined : firstBeyond(request, rights, asked, named.types);
  if (beyond !== undefined) return void report(notAllowed(`search ${beyond}`));
  const types = [...named.types, ...named.places.map(typeOf)];
  const [type] = types;
  if (type === undefined || !types.some((one) => isPart(rights, one))) return;
  const [elsewhere] = named.patients.filter((patient) => !named.types.some((one) => reaches(rights, one, patient)));
  const unseen = elsewhere ?? (await firstUnseen(request, rights, named.places));
  if (unseen !== undefined) report(notFound(type, unseen.split("/")[1] ?? ""));
}

/** Whether the caller sees all resources of the type that is searched, and no other type in part. */
const seesAll = (rights: Rights, [type, more]: string[]): boolean =>
  type !== undefined && (more === undefined || more === "_search") && !rights.hasParts && sees(rights, type);

const sees = (rights: Rights, type: string): boolean => type === PROVENANCE || TO_SEE.some((one) => rights.with(type, one) !== "none");

const queryOf = (asked: string): string => /^[^?]*\?(.*)$/s.exec(asked)?.[1] ?? "";

/** The first type that a search was to look at, besides others, and that the caller may not see at all. */
function firstBeyond({ base, bases }: FhirRequest, rights: Rights, asked: string, types: string[]): string | undefined {
  const query = queryOf(asked);
  const unseen = types.find((type) => isResourceType(type) && !sees(rights, type));
  if (unseen !== undefined || !FAR.test(query)) return unseen;
  for (const type of types.slice(0, MAX_TYPES).filter(isResourceType)) {
    try {
      const far = typeBeyond(parseSearch(type, [...new URLSearchParams(query)], { base, bases, handling: "lenient" }), (one) =>
        sees(rights, one),
      );
      if (far !== undefined) return far;
    } catch (error) {
      if (!(error instanceof FhirError)) throw error; // parameters of an operation are not all criteria
    }
  }
  return undefined;
}

const typeOf = (place: string): string => place.split("/", 1)[0] as string;

/** Whether the caller sees resources of the type, but not all. */
const isPart = (rights: Rights, type: string): boolean => Array.isArray(rights.with(type, "s")) || Array.isArray(rights.with(type, "r"));

/** Whether the caller may find resources of the type about this patient. */
function reaches(rights: Rights, type: string, patient: string): boolean {
  return TO_SEE.some((interaction) => {
    const reach = rights.with(type, interaction);
    if (typeof reach === "string") return reach === "all";
    return reach.some((part) => part.patient === undefined || patient === `Patient/${part.patient}`);
  });
}

/** Whether the caller sees one patient only. */
const isBound = (rights: Rights, type: string): boolean => {
  const reach = rights.with(type, "r");
  return typeof reach !== "string" && reach.every(({ patient }) => patient !== undefined);
};

/** The first of these resources, of types of which the caller sees a part, that is not in this part. */
async function firstUnseen(request: FhirRequest, rights: Rights, places: string[]): Promise<string | undefined> {
  const asked = places.slice(0, MAX_LOOKED_FOR).filter((place) => {
    const type = typeOf(place);
    // The patient whose record the caller sees was compared already.
    return isPart(rights, type) && !(type === "Patient" && isBound(rights, type));
  });
  const byType = Map.groupBy(asked, typeOf);
  for (const [type, some] of byType) {
    if (!isResourceType(type) || request.directory.known(type).length === 0) continue;
    const criteria = `${type}?_id=${some.map((place) => place.split("/")[1]).join(",")}`;
    // If an owner does not answer, the resource was not shown either.
    const found = await resolveCriteria(request, [criteria], some.length).catch(() => []);
    const seen = new Set(found.flatMap(({ matches }) => matches.map(({ id }) => `${type}/${id}`)));
    const unseen = some.find((place) => !seen.has(place));
    if (unseen !== undefined) return unseen;
  }
  return undefined;
}
