/**
 * `$everything`: a patient's, or an encounter's, whole record (FHIR R4, patient-operation-everything.html,
 * encounter-operation-everything.html). Without an id: the records of all patients.
 */
import { fhirError } from "../../../fhir/outcome.ts";
import { intervalOf } from "../../../fhir/search/dates.ts";
import { parametersOf } from "../../../fhir/search/parameters.ts";
import type { Clause, Row, StoreQuery } from "../../../fhir/search/query.ts";
import { askEachOwner, askOwners } from "../../../mixins/fhir/ask.ts";
import { included } from "../../../mixins/fhir/include.ts";
import { searchTypes, type TypeQuestion } from "../../../mixins/fhir/many-types.ts";
import { readResource } from "../../../mixins/fhir/read.ts";
import { packToken, unpackToken } from "../../../mixins/fhir/token.ts";
import type { Answer } from "../http/answer.ts";
import { type CareTime, careWithin } from "./care-dates.ts";
import { isControl, membership, type PageToken, typesAsked } from "./compartment.ts";
import { DEFAULT_COUNT, MAX_COUNT, MAX_INCLUDED, MAX_PAGE_BYTES } from "./limits.ts";
import { type FhirRequest, pairsOf } from "./request.ts";
import { entryText, issuesOf, searchset } from "./search.ts";

/**
 * The resource, its compartment, and what these refer to that is not a patient's own record (practitioners, organizations,
 * places, medications).
 * @param id absent: of every resource of the type
 */
export async function everything(request: FhirRequest, compartment: "Patient" | "Encounter", id?: string): Promise<Answer> {
  const { base, directory } = request;
  const path = id === undefined ? `${compartment}/$everything` : `${compartment}/${id}/$everything`;
  const token = request.query.find(([name]) => name === "_page")?.[1];
  const page = token === undefined ? undefined : unpackToken<PageToken>(token, path);
  const query = page?.query ?? request.search;
  const { types, since, care, count } = parametersIn(compartment, page ? pairsOf(page.query) : request.query);
  if (id !== undefined) await readResource(request, compartment, id);

  const recent: Clause[] = since === undefined ? [] : [{ kind: "updated", any: [{ lowGe: since }] }];
  const questions = directory.types().flatMap((type): TypeQuestion[] => {
    const clauses = types && !types.has(type) ? undefined : membership(compartment, id, type);
    return clauses ? [{ type, clauses: [...clauses, ...recent, ...(type === compartment ? [] : careWithin(type, care))] }] : [];
  });
  const manner = { partial: request.prefer.handling === "lenient", missing: new Set<string>() };
  const { rows, next } = await searchTypes(
    request,
    questions,
    { limit: count, maxBytes: MAX_PAGE_BYTES, ...(page && { after: page.after }) },
    manner,
  );

  const links = [{ relation: "self", url: `${base}/${path}${query && `?${query}`}` }];
  if (next) links.push({ relation: "next", url: `${base}/${path}?_page=${packToken(path, { query, after: next } satisfies PageToken)}` });
  const along = (await supporting(request, rows, manner)).filter(({ type }) => !types || types.has(type));
  const entries = [...rows.map((row) => entryText(base, row, "match")), ...along.map((row) => entryText(base, row, "include"))];
  const isWhole = !next && !page && manner.missing.size === 0;
  return searchset(links, entries, isWhole ? rows.length : undefined, issuesOf({ ignored: [] }, [...manner.missing]), base);
}

/** Types that describe the surroundings of a record, not a patient. */
const SURROUNDINGS = [
  "Practitioner",
  "PractitionerRole",
  "Organization",
  "Location",
  "Medication",
  "Device",
  "Substance",
  "HealthcareService",
];

async function supporting(request: FhirRequest, rows: Row[], manner: { partial: boolean; missing: Set<string> }): Promise<Row[]> {
  const include = [...new Set(rows.map((row) => row.type))].flatMap((source) => {
    const slots = [
      ...new Set([...parametersOf(source).values()].filter((it) => it.type === "reference" && !it.isCanonical).flatMap((it) => it.slots)),
    ];
    const targets = SURROUNDINGS.filter((type) => request.directory.known(type).length > 0);
    return slots.length > 0 ? [{ source, param: "*", targets, iterate: false, slots, wildcard: true, canonicalSlots: [] }] : [];
  });
  if (include.length === 0) return [];
  // The rows came without their references: they are asked for once more, by id.
  const perOwner = new Map<string, StoreQuery[]>();
  for (const { source, slots } of include) {
    const any = rows.filter((row) => row.type === source).map(({ id }) => id);
    const query: StoreQuery = { type: source, clauses: [{ kind: "id", any }], sort: [], limit: any.length, want: "ids", refs: slots };
    askEachOwner(request, perOwner, query, manner);
  }
  const referring = (await askOwners(request, perOwner)).flatMap((page) => page.rows);
  return included(request, referring, { include, revinclude: [] }, manner, MAX_INCLUDED);
}

interface Asked {
  types?: Set<string>;
  /** Record time, milliseconds. */
  since?: number;
  care: CareTime;
  count: number;
}

/** @throws FhirError 400 */
function parametersIn(compartment: "Patient" | "Encounter", pairs: [string, string][]): Asked {
  const asked: Asked = { care: { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY }, count: DEFAULT_COUNT };
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
    } else if (!isControl(name) && name !== "_type") {
      throw fhirError(400, "not-supported", `$everything does not know the parameter "${name.slice(0, 64)}".`, name.slice(0, 64));
    }
  }
  if (asked.care.start > asked.care.end) throw fhirError(400, "value", "start must not lie after end.", "start");
  const types = typesAsked(pairs);
  return types ? { ...asked, types } : asked;
}

function intervalIn(name: string, value: string, what: string): [low: number, high: number] {
  const interval = intervalOf(value);
  if (!interval) throw fhirError(400, "value", `${name} must be ${what}.`, name);
  return interval;
}
