/**
 * `$everything`: the complete record of a patient or an encounter (FHIR R4, patient-operation-everything.html,
 * encounter-operation-everything.html). Without an id: the records of all patients.
 */
import { fhirError, type Issue } from "../../../../fhir/outcome.ts";
import { type Interval, intervalOf } from "../../../../fhir/dates.ts";
import { parseSearch } from "../../../../fhir/search/parse-search.ts";
import type { Clause, Row } from "../../../../fhir/search/query.ts";
import type { Subset } from "../../../../fhir/subset.ts";
import { cursorOf } from "../../../../federation/scatter-gather.ts";
import { countTypes, searchTypes, type TypeQuestion, type TypesPage } from "../../../../federation/many-types.ts";
import { readResource } from "../../../../federation/read.ts";
import { pagePlace } from "../page-place.ts";
import { packToken, unpackToken } from "../page-token.ts";
import type { Answer } from "../../http/answer.ts";
import { type CareTime, careWithin } from "./care-dates.ts";
import { membership } from "../../../../fhir/search/compartments.ts";
import { heededBy, isResultParameterName, type PageToken, typesAsked } from "./compartment.ts";
import { DEFAULT_COUNT, MAX_COUNT, MAX_PAGE_BYTES } from "../answer-limits.ts";
import { subsetAsked } from "../presentation.ts";
import { type FhirRequest, pairsOf } from "../request.ts";
import { entryTexts, issuesOf, searchset, selfQuery } from "../interactions/search.ts";
import { forRecords, replacedAmong } from "../replaced-records.ts";
import { recordOf, type ReferencedResources, referencedResources } from "./referenced-resources.ts";

/**
 * The resource, its compartment, and what these refer to: of any type, except for other patients' records.
 * @param id absent: for every resource of the type
 */
export async function everything(request: FhirRequest, compartment: "Patient" | "Encounter", id?: string): Promise<Answer> {
  const { base, directory } = request;
  const path = id === undefined ? `${compartment}/$everything` : `${compartment}/${id}/$everything`;
  const token = request.query.find(([name]) => name === "_page")?.[1];
  const page = token === undefined ? undefined : await unpackToken<PageToken>(token, pagePlace(request, path));
  const query = page?.query ?? request.search;
  const sent = page ? pairsOf(page.query) : request.query;
  const { heeded, ignored } = heededBy("$everything", { query: sent, prefer: request.prefer }, ["_count", "_summary", "_elements"]);
  const { types, since, care, count, isCounted, subset } = parametersIn(compartment, heeded);
  const root = id === undefined ? undefined : await readResource(request, compartment, id);
  if (root && !page && compartment === "Patient" && root.json.includes('"replaced-by"')) {
    const replaced = await replacedAmong(request, [root.id]);
    const current = replaced.get(root.id);
    if (current !== undefined) return everything(forRecords(request, replaced), compartment, current);
  }

  const isWanted = (type: string): boolean => !types || types.has(type);
  // Types that are never in the compartment are found by references from the record, whose other types are then left out of the answer.
  const isByReference = types !== undefined && [...types].some((type) => !membership(compartment, id, type));
  const recent: Clause[] = since === undefined ? [] : [{ kind: "updated", any: [{ lowGe: since }] }];
  const questions = directory.types().flatMap((type): TypeQuestion[] => {
    const clauses = membership(compartment, id, type);
    return clauses ? [{ type, clauses: [...clauses, ...recent, ...(type === compartment ? [] : careWithin(type, care))] }] : [];
  });
  const wanted = questions.filter(({ type }) => isWanted(type));
  const used = heeded.filter(([name]) => name !== "_format" && name !== "_pretty");
  const links = [{ relation: "self", url: `${base}/${path}${selfQuery({ used })}` }];
  if (isCounted) return searchset(links, [], await countTypes(request, wanted), issuesOf(request, { ignored }, []), base);

  const availability = { partial: request.prefer.handling === "lenient", missing: new Set<string>() };
  const limit = count ?? (isByReference ? MAX_COUNT : DEFAULT_COUNT);
  const found = await searchTypes(
    request,
    isByReference ? questions : wanted,
    { limit, maxBytes: MAX_PAGE_BYTES, ...(page && { after: page.after }) },
    availability,
  );
  const record = recordOf(compartment, id, root?.json);
  const { rows, next, along, isCut } = await withSurroundings(found, (matches) =>
    referencedResources(request, matches, record, isWanted, availability),
  );

  if (next) {
    links.push({
      relation: "next",
      url: `${base}/${path}?_page=${await packToken(pagePlace(request, path), { query, after: next } satisfies PageToken)}`,
    });
  }
  const matches = rows.filter(({ type }) => isWanted(type));
  const entries = [...(await entryTexts(base, matches, "match", subset)), ...(await entryTexts(base, along, "include", subset))];
  const isWhole = !next && !page && availability.missing.size === 0;
  const issues = issuesOf(request, { ignored }, [...availability.missing]);
  return searchset(links, entries, isWhole ? matches.length : undefined, isCut ? [...issues, tooMuch] : issues, base);
}

const tooMuch: Issue = {
  severity: "warning",
  code: "incomplete",
  diagnostics: "The resources here refer to more resources than fit into one answer: some are left out.",
};

/** The page with what it refers to; a shorter page if that would be too much. For a single match it may be incomplete: `isCut`. */
async function withSurroundings(
  { rows, next }: TypesPage,
  find: (matches: Row[]) => Promise<ReferencedResources>,
): Promise<TypesPage & { along: Row[]; isCut: boolean }> {
  const { rows: along, isCut } = await find(rows);
  if (!isCut || rows.length === 1) return { rows, along, isCut, ...(next && { next }) };
  const half = rows.slice(0, Math.ceil(rows.length / 2));
  const last = half.at(-1) as Row;
  return withSurroundings({ rows: half, next: { type: last.type, after: cursorOf(last) } }, find);
}

interface Asked {
  types?: Set<string>;
  /** Record time, milliseconds. */
  since?: number;
  care: CareTime;
  count?: number;
  /** Only the number of matches is requested. */
  isCounted: boolean;
  /** The requested part of each resource; absent: all of it. */
  subset?: Subset;
}

/** @throws FhirError 400 */
function parametersIn(compartment: "Patient" | "Encounter", pairs: [string, string][]): Asked {
  const shape = parseSearch(
    "Basic",
    pairs.filter(([name]) => name === "_summary" || name === "_elements"),
    { base: "", handling: "strict" },
  );
  const subset = subsetAsked(shape);
  const asked: Asked = {
    care: { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY },
    isCounted: shape.summary === "count",
    ...(subset && { subset }),
  };
  for (const [name, value] of pairs) {
    if (name === "_since") {
      asked.since = intervalIn(name, value, "an instant like 2026-01-31T08:00:00Z")[0];
    } else if (name === "_count") {
      if (!/^[1-9]\d{0,11}$/.test(value)) throw fhirError(400, "value", "_count must be a whole number, 1 or more.", "_count");
      asked.count = Math.min(Number(value), MAX_COUNT);
    } else if (compartment === "Patient" && name === "start") {
      asked.care.start = intervalIn(name, value, "a date like 2026-01-31")[0];
    } else if (compartment === "Patient" && name === "end") {
      asked.care.end = intervalIn(name, value, "a date like 2026-01-31")[1];
    } else if (!isResultParameterName(name) && name !== "_type") {
      throw fhirError(400, "not-supported", `$everything does not know the parameter "${name.slice(0, 64)}".`, name.slice(0, 64));
    }
  }
  if (asked.care.start > asked.care.end) throw fhirError(400, "value", "start must not lie after end.", "start");
  const types = typesAsked(pairs);
  return types ? { ...asked, types } : asked;
}

function intervalIn(name: string, value: string, what: string): Interval {
  const interval = intervalOf(value);
  if (!interval) throw fhirError(400, "value", `${name} must be ${what}.`, name);
  return interval;
}
