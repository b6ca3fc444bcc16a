/** Searches for tests, parsed like at the gateway. */
import type { ParsedSearch } from "../../fhir/search/criteria.ts";
import { parseSearch } from "../../fhir/search/parse-search.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { matchesClauses } from "../../fhir/search/matches-clauses.ts";
import { nonNull } from "../../fhir/non-null.ts";

/** Time and server of the searches in tests. */
export const now = Date.UTC(2020, 0, 1);
export const base = "http://here/fhir";

/** A search as in a URL, `Type?name=value&…`, without percent-encoding. */
export function parse(query: string, handling: "strict" | "lenient" = "strict"): ParsedSearch {
  const [type = "", rest = ""] = query.split(/\?(.*)/s);
  const pairs = rest
    .split("&")
    .filter(Boolean)
    .map((pair): [string, string] => {
      const [, name = "", value = ""] = nonNull(/^([^=]*)=?(.*)$/s.exec(pair));
      return [name, value];
    });
  return parseSearch(type, pairs, { base, handling, now });
}

export type Found = { resourceType: string; id: string } & Record<string, unknown>;

/** Ids of those of `resources` that a search without chains finds, separated by spaces. */
export function found(query: string, resources: Found[]): string {
  const { clauses, chains, has } = parse(query);
  expect([chains, has]).toEqual([[], []]);
  const hits = resources.filter((resource) => matchesClauses(clauses, { id: resource.id, updated: now, index: indexOf(resource) }));
  return hits.map(({ id }) => id).join(" ");
}
