/** Conditional interactions: which resources match criteria like `Patient?identifier=sys|1`? (FHIR R4, http.html#ccreate) */
import { createHash } from "node:crypto";
import { isId } from "../fhir/ids.ts";
import { fhirError } from "../fhir/outcome.ts";
import { isResourceType } from "../fhir/search/parameters.ts";
import { parseSearch } from "../fhir/search/parse-search.ts";
import type { Clause, StoreQuery } from "../fhir/search/query.ts";
import type { NoneExist } from "../store/writes.ts";
import { noSuchType } from "./errors.ts";
import { addForEachOwner, askTogether } from "./scatter-gather.ts";
import { clausesOf } from "./chains.ts";
import type { QueryContext } from "./query-context.ts";

/** A resource that matches the criteria. */
export interface CriteriaMatch {
  id: string;
  owner: string;
  version: number;
  /** meta.lastUpdated, milliseconds since 1970. */
  updated: number;
}

/** The matches of criteria. */
export interface CriteriaMatches {
  matches: CriteriaMatch[];
  /** Those without patient records that were merged into another match; absent: all. */
  current?: CriteriaMatch[];
  /** The same criteria for the store, which checks them again in the step that writes. */
  condition: NoneExist;
}

/** The context in which criteria are parsed. */
export interface CriteriaContext extends QueryContext {
  /** The server's base URL, without a slash at its end. */
  base: string;
  /** Further base URLs under which clients may know the server; default: none. */
  bases?: readonly string[];
}

/** Criteria that are parsed and queried together, before other work gets its turn. */
const CRITERIA_AT_ONCE = 100;
/** Limits of the matches of one query to the owners, and of all criteria of one request. */
const [MAX_ROWS_AT_ONCE, MAX_FOUND] = [20_000, 50_000];

/**
 * Up to `limit` matches for each of the criteria, in their order; queried in groups, with one call per owner for each group.
 * @throws FhirError 400 for criteria that are empty, invalid or can never match; 422 when they match too much
 */
export async function resolveCriteria(mesh: CriteriaContext, criteria: string[], limit: number): Promise<CriteriaMatches[]> {
  const atOnce = Math.max(1, Math.min(CRITERIA_AT_ONCE, Math.floor(MAX_ROWS_AT_ONCE / limit)));
  const resolved: CriteriaMatches[] = [];
  let found = 0;
  for (let from = 0; from < criteria.length; from += atOnce) {
    if (from > 0) await new Promise(setImmediate);
    for (const one of await resolveGroup(mesh, criteria.slice(from, from + atOnce), limit)) {
      resolved.push(one);
      found += one.matches.length;
    }
    if (found > MAX_FOUND) throw fhirError(422, "too-costly", `The criteria find more than ${MAX_FOUND} resources: narrow them.`);
  }
  return resolved;
}

async function resolveGroup(mesh: CriteriaContext, criteria: string[], limit: number): Promise<CriteriaMatches[]> {
  const availability = { partial: false, missing: new Set<string>() };
  const questions = await Promise.all(
    criteria.map(async (text) => {
      const mark = text.indexOf("?");
      const type = text.slice(0, mark);
      if (mark < 0 || !isResourceType(type)) throw fhirError(400, "invalid", `"${text.slice(0, 200)}" is not of the form Type?criteria.`);
      if (mesh.directory.known(type).length === 0) throw noSuchType(type);
      const pairs = [...new URLSearchParams(text.slice(mark + 1))];
      const search = parseSearch(type, pairs, { base: mesh.base, bases: mesh.bases, handling: "strict", dates: mesh.dates });
      const clauses = await clausesOf(mesh, search, availability);
      // Without any criterion everything would match, which is surely not what was meant.
      if (clauses.length === 0) throw fhirError(412, "multiple-matches", `"${text.slice(0, 200)}" has no search criteria.`);
      refuseIllegalIds(clauses);
      return { type, clauses, lock: lockOf(type, clauses) };
    }),
  );
  const perOwner = new Map<string, StoreQuery[]>();
  const asked = new Map<StoreQuery, number>();
  for (const [index, { type, clauses }] of questions.entries()) {
    const query: StoreQuery = { type, clauses, sort: [], limit, want: "ids" };
    asked.set(query, index);
    addForEachOwner(mesh, perOwner, query, availability);
  }
  const matches: CriteriaMatch[][] = questions.map(() => []);
  await Promise.all(
    [...perOwner].map(async ([owner, queries]) => {
      const pages = await askTogether(mesh, new Map([[owner, queries]]));
      for (const [place, page] of pages.entries()) {
        const index = asked.get(queries[place] as StoreQuery) as number;
        matches[index]?.push(...page.rows.map(({ id, version, updated }) => ({ id, owner, version, updated })));
      }
    }),
  );
  return questions.map(({ clauses, lock }, index) => ({ matches: newestVersions(matches[index] ?? []), condition: { lock, clauses } }));
}

/** What has no legal id never matches: a conditional create would create another resource each time. @throws FhirError 400 */
function refuseIllegalIds(clauses: Clause[]): void {
  for (const clause of clauses) {
    const wrong = clause.kind === "id" && !clause.not ? clause.any.find((id) => !isId(id)) : undefined;
    if (wrong === undefined) continue;
    const diagnostics = `"${wrong.slice(0, 100)}" in "_id" is not a legal id: letters, digits, - and . only, at most 64, without a type.`;
    throw fhirError(400, "value", diagnostics, "_id");
  }
}

/** A key that is equal for equivalent criteria, however they are spelt. A digest, as it becomes a key of the store. */
const lockOf = (type: string, clauses: Clause[]): string =>
  createHash("sha256")
    .update(
      `${type}\n${clauses
        .map((clause) => JSON.stringify(clause))
        .sort()
        .join("\n")}`,
    )
    .digest("base64url");

/** Each resource once: during a move between two owners it may be returned by both. */
function newestVersions(matches: CriteriaMatch[]): CriteriaMatch[] {
  const newest = new Map<string, CriteriaMatch>();
  for (const match of matches) {
    const known = newest.get(match.id);
    if (!known || known.version < match.version) newest.set(match.id, match);
  }
  return [...newest.values()];
}
