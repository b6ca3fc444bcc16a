/** Search on a type (FHIR R4, search.html): the query string in, a searchset out. */
import { fhirError, type Issue, outcome, silentServices } from "../../../../fhir/outcome.ts";
import type { ParsedSearch } from "../../../../fhir/search/criteria.ts";
import { parseSearch } from "../../../../fhir/search/parse-search.ts";
import type { Clause, Cursor, Row } from "../../../../fhir/search/query.ts";
import { unknownElements } from "../../../../fhir/search/unknown-elements.ts";
import { fairTurn } from "../../../../mesh/turns.ts";
import { included, slotsToFollow } from "../../../../federation/include.ts";
import { countMatches, searchPage } from "../../../../federation/search-page.ts";
import { pagePlace } from "../page-place.ts";
import { packToken, unpackToken } from "../page-token.ts";
import type { Answer } from "../../http/answer.ts";
import { DEFAULT_COUNT, MAX_COUNT, MAX_INCLUDED, MAX_PAGE_BYTES } from "../answer-limits.ts";
import type { Subset } from "../../../../fhir/subset.ts";
import { subsetAsked, subsetText } from "../presentation.ts";
import { FHIR_JSON } from "../media-types.ts";
import { type FhirRequest, pairsOf } from "../request.ts";

/** Content of a next link: the query as the client wrote it, and where the last page ended. */
interface PageToken {
  query: string;
  after: Cursor;
}

/**
 * @param within further clauses besides the query, e.g. of a compartment
 * @param path for the links; default: the type
 */
export async function search(request: FhirRequest, type: string, within: Clause[] = [], path = type): Promise<Answer> {
  const token = request.query.find(([name]) => name === "_page")?.[1];
  const page = token === undefined ? undefined : await unpackToken<PageToken>(token, pagePlace(request, path));
  const pairs = page ? pairsOf(page.query) : request.query;
  const handling = request.prefer.handling ?? "lenient";
  const asked = parseSearch(type, pairs, { base: request.base, bases: request.bases, handling, dates: request.dates });
  for (const reason of unknownElements(type, asked.elements ?? [])) {
    if (handling === "strict") throw fhirError(400, "not-supported", reason, "_elements");
    asked.ignored.push({ name: "_elements", reason });
  }
  const parsed = within.length > 0 ? { ...asked, clauses: [...within, ...asked.clauses] } : asked;
  const subset = subsetAsked(parsed);
  const count = Math.min(parsed.count ?? DEFAULT_COUNT, MAX_COUNT);
  const self = `${request.base}/${path}${selfQuery(parsed)}`;
  if (parsed.summary === "count" || count === 0) {
    const total = await countMatches(request, type, parsed);
    return searchset([{ relation: "self", url: self }], [], total, issuesOf(request, parsed, []), request.base);
  }

  const partial = request.prefer.handling === "lenient";
  const refs = slotsToFollow(parsed, type);
  const found = await searchPage(request, {
    type,
    search: parsed,
    limit: count,
    maxBytes: MAX_PAGE_BYTES,
    partial,
    ...(page && { after: page.after }),
    ...(refs.length > 0 && { refs }),
  });
  const missing = new Set(found.missing);
  const along = await included(request, found.rows, parsed, { partial, missing }, MAX_INCLUDED);

  const links = [{ relation: "self", url: self }];
  if (found.next) {
    const after = found.next;
    const query = page?.query ?? request.search; // for a search by POST: its form, as a query
    links.push({
      relation: "next",
      url: `${request.base}/${path}?_page=${await packToken(pagePlace(request, path), { query, after } satisfies PageToken)}`,
    });
  }
  const isWhole = !found.next && !page && missing.size === 0;
  const total = isWhole
    ? found.rows.length
    : parsed.total === "accurate" || parsed.total === "estimate"
      ? await countMatches(request, type, parsed)
      : undefined;
  const entries = [
    ...(await entryTexts(request.base, found.rows, "match", subset)),
    // `_elements` applies to matches only; included resources are complete (R4 3.1.1.5.9).
    ...(await entryTexts(request.base, along, "include", parsed.elements ? undefined : subset)),
  ];
  return searchset(links, entries, total, issuesOf(request, parsed, [...missing]), request.base);
}

/** The used part of the query, for the self link. */
export function selfQuery({ used }: Pick<ParsedSearch, "used">): string {
  if (used.length === 0) return "";
  const told = ([name, value]: [string, string]) => (name === "_count" && Number(value) > MAX_COUNT ? `${MAX_COUNT}` : value);
  return `?${used.map((one) => `${encodeURIComponent(one[0]).replaceAll("%3A", ":")}=${encodeURIComponent(told(one))}`).join("&")}`;
}

/** Notes in the answer: ignored parameters, types whose owners could not be asked, and records that were merged. */
export function issuesOf(
  { directory, replaced = new Map() }: Pick<FhirRequest, "directory" | "replaced">,
  { ignored }: Pick<ParsedSearch, "ignored">,
  missing: string[],
): Issue[] {
  return [
    ...ignored.map(({ name, reason }): Issue => ({ severity: "warning", code: "not-supported", diagnostics: reason, expression: [name] })),
    ...missing.map(
      (type): Issue => ({
        severity: "warning",
        code: "incomplete",
        ...silentServices(directory.downOf(type)),
        diagnostics: `A service that owns ${type} is down: its matches are missing here.`,
      }),
    ),
    ...[...replaced].map(
      ([old, current]): Issue => ({
        severity: "information",
        code: "informational",
        diagnostics: `Patient/${old} was merged into Patient/${current}, whose record this is: use that id from now on.`,
      }),
    ),
  ];
}

/** One entry of a searchset, as JSON text. */
export const entryText = (base: string, { type, id, json = "{}" }: Row, mode: "match" | "include", subset?: Subset): string =>
  `{"fullUrl":"${base}/${type}/${id}","resource":${subsetText(json, subset)},"search":{"mode":"${mode}"}}`;

/** The entries of many rows; yields to other work in between, as making a part of a resource takes time. */
export async function entryTexts(base: string, rows: Row[], mode: "match" | "include", subset?: Subset): Promise<string[]> {
  const texts: string[] = [];
  for (const row of rows) {
    if (subset) await fairTurn();
    texts.push(entryText(base, row, mode, subset));
  }
  return texts;
}

/** 200 with the entries, and a final one for the issues, if there are any. */
export function searchset(
  links: { relation: string; url: string }[],
  entries: string[],
  total: number | undefined,
  issues: Issue[],
  base: string,
): Answer {
  const isEmptyPage = entries.length === 0 && !total && links.every(({ relation }) => relation !== "next");
  if (issues.length > 0) {
    entries.push(
      `{"fullUrl":"${base}/OperationOutcome/warnings","resource":${JSON.stringify(outcome(...issues))},"search":{"mode":"outcome"}}`,
    );
  }
  const counted = total === undefined ? "" : `,"total":${total}`;
  const list = entries.length === 0 ? "" : `,"entry":[${entries.join(",")}]`;
  return {
    status: 200,
    headers: { "Content-Type": FHIR_JSON },
    body: `{"resourceType":"Bundle","type":"searchset"${counted},"link":${JSON.stringify(links)}${list}}`,
    ...(isEmptyPage && { isEmptyPage }),
  };
}
