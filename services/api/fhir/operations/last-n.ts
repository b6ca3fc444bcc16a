/** `Observation/$lastn` (FHIR R4, observation-operation-lastn.html). */
import { parseJson } from "../../../../fhir/json.ts";
import { fhirError } from "../../../../fhir/outcome.ts";
import type { ParsedSearch } from "../../../../fhir/search/criteria.ts";
import { parseSearch } from "../../../../fhir/search/parse-search.ts";
import type { Clause, Cursor, Row, SortKey } from "../../../../fhir/search/query.ts";
import { withContents } from "../../../../federation/row-contents.ts";
import { searchPage } from "../../../../federation/search-page.ts";
import type { Answer } from "../../http/answer.ts";
import { heededBy } from "./compartment.ts";
import { MAX_PAGE_BYTES } from "../answer-limits.ts";
import { subsetAsked } from "../presentation.ts";
import type { FhirRequest } from "../request.ts";
import { entryText, issuesOf, searchset, selfQuery } from "../interactions/search.ts";
import { requireParameter, tokenOfRow } from "../../../../fhir/search/exact-clauses.ts";

/** Limit of the JSON in one answer of `$lastn`, which has no pages. */
const MAX_BYTES = MAX_PAGE_BYTES * 4;
/** Observations that `$lastn` examines; more are refused, with advice on how to narrow the search. */
const MAX_OBSERVATIONS = 20_000;

const TYPE = "Observation";

/** GET Observation/$lastn?patient=…&max=n: the newest n of each code (R4, observation-operation-lastn.html). */
export async function lastN(request: FhirRequest): Promise<Answer> {
  const max = request.query.find(([name]) => name === "max")?.[1] ?? "1";
  if (!/^[1-9]\d{0,3}$/.test(max)) throw fhirError(400, "value", "max must be a whole number, 1 to 9999.", "max");
  const { heeded, ignored } = heededBy("$lastn", request, ["_summary", "_elements"]);
  const pairs = heeded.filter(([name]) => name !== "max");
  if (!pairs.some(([name]) => /^(patient|subject)(:|$)/.test(name))) {
    throw fhirError(400, "required", "$lastn needs a patient or subject.", "patient");
  }
  // An ignored criterion would find too much: it is refused, whatever the client prefers.
  const search = parseSearch(TYPE, pairs, { base: request.base, bases: request.bases, handling: "strict", dates: request.dates });
  const subset = subsetAsked(search);

  const all = await newestFirst(request, search);
  const groupOf = groupsOf(all);
  const isTaken = newestOf(Number(max));
  // Observations without a coding are grouped by the text of their code, which is known once they are read.
  const chosen = all.filter((row) => {
    const [coding] = codingsOf(row);
    return coding === undefined || isTaken(groupOf(coding), row);
  });
  const rows = await wholeOf(request, chosen, search.clauses);
  const entries = chosen.flatMap((one) => {
    const row = rows.get(one.id);
    return row && (codingsOf(one).length > 0 || isTaken(textOf(row), one)) ? [entryText(request.base, row, "match", subset)] : [];
  });
  const used = heeded.filter(([name, value]) => value !== "" && name !== "_format" && name !== "_pretty");
  return searchset(
    [{ relation: "self", url: `${request.base}/${TYPE}/$lastn${selfQuery({ used })}` }],
    search.summary === "count" ? [] : entries,
    entries.length,
    issuesOf(request, { ignored: [...ignored, ...search.ignored] }, []),
    request.base,
  );
}

/** All matches without their JSON: with their time as the one sort value, and their codings as references. @throws FhirError 400 too-costly */
async function newestFirst(request: FhirRequest, search: ParsedSearch): Promise<Row[]> {
  const slotsOf = (code: string) => requireParameter(TYPE, code).slots;
  const sort: SortKey[] = [{ by: "range", slots: slotsOf("date"), edge: "low", desc: true }];
  const found: Row[] = [];
  for (let after: Cursor | undefined; ; ) {
    const page = await searchPage(request, {
      type: TYPE,
      search: { ...search, sort },
      limit: 1_000,
      maxBytes: Number.MAX_SAFE_INTEGER,
      want: "ids",
      refs: slotsOf("code"),
      ...(after && { after }),
    });
    found.push(...page.rows);
    if (!page.next) return found;
    if (found.length >= MAX_OBSERVATIONS) {
      throw fhirError(400, "too-costly", `There are more than ${MAX_OBSERVATIONS} Observations: narrow them by category, code or date.`);
    }
    after = page.next;
  }
}

/** Codings as `code␟system`: a code without a system differs from the same code with one. A system alone is no code. */
const codingsOf = ({ refs = [] }: Row): string[] => refs.map(([, coding]) => coding).filter((coding) => tokenOfRow(coding).code !== "");

const textOf = ({ json = "{}" }: Row): string => `text ${(parseJson(json) as { code?: { text?: string } }).code?.text ?? ""}`;

/**
 * The group of a coding. Codings of one Observation are translations of each other, and so are those that a chain of Observations connects (R4:
 * "the transitive property of equality").
 */
function groupsOf(rows: Row[]): (coding: string) => string {
  const above = new Map<string, string>();
  const topOf = (coding: string): string => {
    for (let at = coding; ; ) {
      const next = above.get(at);
      if (next === undefined) return at;
      const over = above.get(next);
      if (over !== undefined) above.set(at, over); // shortens the path for later lookups
      at = next;
    }
  };
  for (const row of rows) {
    const [first, ...more] = codingsOf(row);
    for (const coding of more) {
      const [top, other] = [topOf(first as string), topOf(coding)];
      if (top !== other) above.set(other, top);
    }
  }
  return topOf;
}

/** Whether a row is among the newest `max` of its group, or as new as the last of these (R4: ties are returned completely). Called in order of time. */
function newestOf(max: number): (group: string, row: Row) => boolean {
  const taken = new Map<string, { count: number; last: Row["values"][number] }>();
  return (group, { values }) => {
    const time = values[0] ?? null;
    const { count, last } = taken.get(group) ?? { count: 0, last: null };
    if (count >= max && (time === null || time !== last)) return false;
    taken.set(group, { count: count + 1, last: time });
    return true;
  };
}

/** The Observations of these rows, by id. @throws FhirError 400 too-costly if they exceed the limit of one answer */
async function wholeOf(request: FhirRequest, rows: Row[], clauses: Clause[]): Promise<Map<string, Row>> {
  const availability = { partial: false, missing: new Set<string>() };
  const { rows: found, isCut } = await withContents(request, { rows, clausesOf: () => clauses, maxBytes: MAX_BYTES }, availability);
  if (isCut) {
    throw fhirError(
      400,
      "too-costly",
      "These are too many Observations for one answer: ask for a smaller max, or narrow them by code or date.",
    );
  }
  return new Map(found.map((row) => [row.id, row]));
}
