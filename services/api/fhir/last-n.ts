/** `Observation/$lastn` (FHIR R4, observation-operation-lastn.html). */
import { parseJson } from "../../../fhir/json.ts";
import { fhirError } from "../../../fhir/outcome.ts";
import { parametersOf } from "../../../fhir/search/parameters.ts";
import { parseSearch } from "../../../fhir/search/parse.ts";
import type { Cursor, Row, SortKey, StoreQuery } from "../../../fhir/search/query.ts";
import { askEachOwner, askOwners } from "../../../mixins/fhir/ask.ts";
import { searchPage } from "../../../mixins/fhir/search.ts";
import type { Answer } from "../http/answer.ts";
import { MAX_PAGE_BYTES } from "./limits.ts";
import { subsetAsked } from "./presentation.ts";
import type { FhirRequest } from "./request.ts";
import { entryText, searchset } from "./search.ts";

/** JSON in one answer of `$lastn`, which has no pages. */
const MAX_BYTES = MAX_PAGE_BYTES * 4;
/** Observations that `$lastn` looks through; more are refused, with what would narrow them. */
const MOST_OBSERVATIONS = 20_000;

/** GET Observation/$lastn?patient=…&max=n: the newest n of each code (R4, observation-operation-lastn.html). */
export async function lastN(request: FhirRequest): Promise<Answer> {
  const type = "Observation";
  const max = request.query.find(([name]) => name === "max")?.[1] ?? "1";
  if (!/^[1-9]\d{0,3}$/.test(max)) throw fhirError(400, "value", "max must be a whole number, 1 to 9999.", "max");
  const pairs = request.query.filter(([name]) => name !== "max");
  if (!pairs.some(([name]) => /^(patient|subject)(:|$)/.test(name)))
    throw fhirError(400, "required", "$lastn needs a patient or subject.", "patient");
  const search = parseSearch(type, pairs, { base: request.base, handling: "strict" });
  const dates = parametersOf(type).get("date")?.slots ?? [];
  const codes = parametersOf(type).get("code")?.slots ?? [];
  const newestFirst: SortKey[] = [{ by: "range", slots: dates, edge: "low", desc: true }];

  const taken = new Map<string, number>(); // by code: how many of it were taken
  const isWanted = (key: string): boolean => {
    const count = taken.get(key) ?? 0;
    taken.set(key, count + 1);
    return count < Number(max);
  };
  const chosen: Row[] = [];
  let after: Cursor | undefined;
  for (let seen = 0; ; ) {
    const page = await searchPage(request, {
      type,
      search: { ...search, sort: newestFirst },
      limit: 1_000,
      maxBytes: Number.MAX_SAFE_INTEGER,
      want: "ids",
      refs: codes,
      ...(after && { after }),
    });
    // What has no coding is grouped by the text of its code, which is known when it is read.
    for (const row of page.rows) if (!row.refs?.length || isWanted(codesOf(row))) chosen.push(row);
    seen += page.rows.length;
    if (!page.next) break;
    if (seen >= MOST_OBSERVATIONS)
      throw fhirError(400, "too-costly", `There are more than ${MOST_OBSERVATIONS} Observations: narrow them by category, code or date.`);
    after = page.next;
  }

  const rows = await rowsOf(
    request,
    type,
    chosen.map(({ id }) => id),
  );
  const subset = subsetAsked(search);
  const entries = chosen.flatMap(({ id, refs }) => {
    const row = rows.get(id);
    return row && (refs?.length || isWanted(textOf(row))) ? [entryText(request.base, row, "match", subset)] : [];
  });
  return searchset(
    [{ relation: "self", url: `${request.base}/${type}/$lastn?${request.search}` }],
    search.summary === "count" ? [] : entries,
    entries.length,
    [],
    request.base,
  );
}

const codesOf = ({ refs = [] }: Row): string =>
  refs
    .map(([, code]) => code)
    .sort()
    .join("\n");

const textOf = ({ json = "{}" }: Row): string => `text ${(parseJson(json) as { code?: { text?: string } }).code?.text ?? ""}`;

/** Ids asked for at once. */
const BATCH = 500;

/** The resources of these ids, read in turns. @throws FhirError 400 too-costly when they are more than one answer may hold */
async function rowsOf(request: FhirRequest, type: string, ids: string[]): Promise<Map<string, Row>> {
  const found = new Map<string, Row>();
  let bytes = 0;
  for (let first = 0; first < ids.length; first += BATCH) {
    const any = ids.slice(first, first + BATCH);
    const perOwner = new Map<string, StoreQuery[]>();
    const query: StoreQuery = { type, clauses: [{ kind: "id", any }], sort: [], limit: any.length, maxBytes: MAX_BYTES, want: "rows" };
    askEachOwner(request, perOwner, query, { partial: false, missing: new Set() });
    const pages = await askOwners(request, perOwner);
    for (const row of pages.flatMap((page) => page.rows)) {
      found.set(row.id, row);
      bytes += row.json?.length ?? 0;
    }
    if (bytes > MAX_BYTES || pages.some((page) => page.more))
      throw fhirError(
        400,
        "too-costly",
        "These are too many Observations for one answer: ask for a smaller max, or narrow them by code or date.",
      );
  }
  return found;
}
