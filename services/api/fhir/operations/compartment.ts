/** Compartments, and search over all types (FHIR R4, compartmentdefinition.html, search.html). */
import { fhirError } from "../../../../fhir/outcome.ts";
import { compartmentTypes, isResourceType } from "../../../../fhir/search/parameters.ts";
import { membership } from "../../../../fhir/search/compartments.ts";
import type { ParsedSearch } from "../../../../fhir/search/criteria.ts";
import { parseSearch } from "../../../../fhir/search/parse-search.ts";
import { countTypes, searchTypes, type TypeQuestion, type TypesCursor } from "../../../../federation/many-types.ts";
import { clausesOf } from "../../../../federation/chains.ts";
import { pagePlace } from "../page-place.ts";
import { packToken, unpackToken } from "../page-token.ts";
import type { Answer } from "../../http/answer.ts";
import { httpError } from "../../http/http-error.ts";
import { DEFAULT_COUNT, MAX_COUNT, MAX_PAGE_BYTES } from "../answer-limits.ts";
import { subsetAsked } from "../presentation.ts";
import { type FhirRequest, pairsOf } from "../request.ts";
import { entryTexts, issuesOf, search, searchset, selfQuery } from "../interactions/search.ts";

const requireCompartment = (compartment: string): void => {
  if (!compartmentTypes.includes(compartment)) {
    throw httpError(404, "NOT_SUPPORTED", `There is no ${compartment} compartment; there are ${compartmentTypes.join(", ")}.`);
  }
};

/** GET Patient/1/Observation?… */
export async function searchCompartment(request: FhirRequest, compartment: string, id: string, type: string): Promise<Answer> {
  requireCompartment(compartment);
  const clauses = membership(compartment, id, type);
  if (!clauses) throw httpError(404, "NOT_SUPPORTED", `${type} is never in a ${compartment} compartment.`);
  return search(request, type, clauses, `${compartment}/${id}/${type}`);
}

/** GET Patient/1/*?… */
export async function searchWholeCompartment(request: FhirRequest, compartment: string, id: string): Promise<Answer> {
  requireCompartment(compartment);
  const types = request.directory.types().flatMap((type): TypeQuestion[] => {
    const clauses = membership(compartment, id, type);
    return clauses ? [{ type, clauses }] : [];
  });
  return searchMany(request, `${compartment}/${id}/*`, types);
}

/** GET [base]?_type=…&… and POST [base]/_search, with parameters that every type has. */
export function searchSystem(request: FhirRequest): Promise<Answer> {
  return searchMany(
    request,
    "",
    request.directory.types().map((type) => ({ type, clauses: [] })),
  );
}

/** Content of a next link: the query as the client wrote it, and where the last page ended. */
export interface PageToken {
  query: string;
  after: TypesCursor;
}

/** A requested page: the query as the client wrote it, and where the page starts. */
interface AskedPage {
  query: string;
  pairs: [name: string, value: string][];
  after?: TypesCursor;
}

async function pageAsked(request: FhirRequest, path: string): Promise<AskedPage> {
  const token = request.query.find(([name]) => name === "_page")?.[1];
  if (token === undefined) return { query: request.search, pairs: request.query };
  const { query, after } = await unpackToken<PageToken>(token, pagePlace(request, path));
  return { query, pairs: pairsOf(query), after };
}

async function searchMany(request: FhirRequest, path: string, all: TypeQuestion[]): Promise<Answer> {
  const { base } = request;
  const { query, pairs, after } = await pageAsked(request, path);
  const availability = { partial: request.prefer.handling === "lenient", missing: new Set<string>() };
  const { shape, ignored, searches } = searchesOf(request, pairs, all);
  const questions = await Promise.all(
    searches.map(
      async ({ type, clauses, search }): Promise<TypeQuestion> => ({
        type,
        clauses: [...clauses, ...(await clausesOf(request, search, availability))],
        sort: search.sort,
      }),
    ),
  );
  const used = pairs.filter(([name]) => name !== "_format" && name !== "_pretty" && !ignored.some((it) => it.name === name));
  const links = [{ relation: "self", url: `${base}${path && `/${path}`}${selfQuery({ used })}` }];
  const count = Math.min(shape.count ?? DEFAULT_COUNT, MAX_COUNT);
  if (shape.summary === "count" || count === 0) {
    return searchset(links, [], await countTypes(request, questions), issuesOf(request, { ignored }, []), base);
  }
  const subset = subsetAsked(shape);
  const wanted = { limit: count, maxBytes: MAX_PAGE_BYTES, ...(after && { after }) };
  const { rows, next } = await searchTypes(request, questions, wanted, availability);
  if (next) {
    const token = await packToken(pagePlace(request, path), { query, after: next } satisfies PageToken);
    links.push({ relation: "next", url: `${base}${path && `/${path}`}?_page=${token}` });
  }
  const isWhole = !next && !after && availability.missing.size === 0;
  const isTotalAsked = shape.total === "accurate" || shape.total === "estimate";
  const total = isWhole ? rows.length : isTotalAsked ? await countTypes(request, questions) : undefined;
  const entries = await entryTexts(base, rows, "match", subset);
  return searchset(links, entries, total, issuesOf(request, { ignored }, [...availability.missing]), base);
}

/**
 * The search of each type, and the result parameters, which are parsed once for all types.
 * @throws FhirError 400 for what is only possible in a search on one type
 */
function searchesOf(request: FhirRequest, pairs: AskedPage["pairs"], all: TypeQuestion[]) {
  const wanted = typesAsked(pairs);
  const rest = pairs.filter(([name]) => name !== "_type");
  const { base, bases, dates } = request;
  const options = { base, bases, handling: request.prefer.handling ?? "lenient", dates };
  const forPage = rest.filter(([name]) => isResultParameterName(name));
  const shape = parseSearch("Basic", forPage, options);
  if (shape.include.length > 0 || shape.revinclude.length > 0) {
    throw fhirError(400, "not-supported", "_include and _revinclude need a search on one type.");
  }
  if (rest.some(([name, value]) => name === "_sort" && value.split(",").some((key) => !/^-?_/.test(key)))) {
    throw fhirError(400, "not-supported", "A search over several types is sorted by what all types have: _lastUpdated, _id.", "_sort");
  }
  const criteria = rest.filter(([name]) => name === "_sort" || !isResultParameterName(name));
  const searches = all
    .filter(({ type }) => !wanted || wanted.has(type))
    .map(({ type, clauses }) => ({ type, clauses, search: parseSearch(type, criteria, options) }));
  return { shape, ignored: [...shape.ignored, ...ignoredByAll(searches.map(({ search }) => search))], searches };
}

/**
 * Parameters that no type supports are ignored, as in a search on one type. A parameter that only some types support is refused: for the other
 * types everything would match.
 * @throws FhirError 400
 */
function ignoredByAll(searches: ParsedSearch[]): ParsedSearch["ignored"] {
  const reasons = new Map<string, string[]>();
  for (const { ignored } of searches) {
    for (const [name, { reason }] of new Map(ignored.map((it) => [it.name, it]))) reasons.set(name, [...(reasons.get(name) ?? []), reason]);
  }
  return [...reasons].map(([name, given]) => {
    const shown = name.slice(0, 64);
    if (given.length < searches.length) {
      throw fhirError(
        400,
        "not-supported",
        `Not every type of this search has the parameter "${shown}": name those that do in _type.`,
        shown,
      );
    }
    const isOne = given.every((reason) => reason === given[0]);
    return { name, reason: isOne ? (given[0] as string) : `No type of this search has the parameter "${shown}".` };
  });
}

const CONTROLS = new Set([
  "_count",
  "_total",
  "_summary",
  "_elements",
  "_sort",
  "_format",
  "_pretty",
  "_page",
  "_include",
  "_revinclude",
  "_contained",
]);
/** Whether a parameter only shapes the answer, without selecting. */
export const isResultParameterName = (name: string): boolean => CONTROLS.has(name.split(":", 1)[0] as string);

/**
 * Handles result parameters of an operation, of which R4 defines few for operations: the supported ones are used; the others are ignored with a
 * warning, or refused if the client prefers that.
 * @throws FhirError 400 not-supported, when strict
 */
export function heededBy(
  operation: string,
  { query, prefer }: Pick<FhirRequest, "query" | "prefer">,
  names: readonly string[],
): { heeded: [name: string, value: string][] } & Pick<ParsedSearch, "ignored"> {
  const isIdle = (name: string) => isResultParameterName(name) && ![...names, "_format", "_pretty", "_page"].includes(name);
  const ignored = [...new Set(query.map(([name]) => name).filter(isIdle))].map((whole) => {
    const name = whole.slice(0, 64);
    return { name, reason: `${operation} does not take the parameter "${name}".` };
  });
  const [first] = ignored;
  if (first && prefer.handling === "strict") throw fhirError(400, "not-supported", first.reason, first.name);
  return { heeded: query.filter(([name]) => !isIdle(name)), ignored };
}

/** The types in `_type`, if given. @throws FhirError 400 */
export function typesAsked(pairs: [string, string][]): Set<string> | undefined {
  const values = pairs
    .filter(([name]) => name === "_type")
    .flatMap(([, value]) =>
      value
        .split(",")
        .map((type) => type.trim())
        .filter((type) => type !== ""),
    );
  const unknown = values.find((type) => !isResourceType(type));
  if (unknown !== undefined) throw fhirError(400, "value", `_type names "${unknown.slice(0, 64)}", which is no R4 resource type.`, "_type");
  return values.length > 0 ? new Set(values) : undefined;
}
