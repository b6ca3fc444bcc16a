/** Queries that can be decided by one resource alone, as scopes may have them (SMART App Launch 2.2, "finer-grained resource constraints"). */
import { FhirError } from "../outcome.ts";
import { isResultParameter } from "./result-parameters.ts";
import { parseSearch } from "./parse-search.ts";
import type { Clause } from "./query.ts";

/** A type with the parameters of all types and few of its own. */
const ANY_TYPE = "Basic";
/** Clauses that are kept: as many as there are scopes with a query in use, for each type. */
const MAX_REMEMBERED = 1_000;
const remembered = new Map<string, Clause[] | undefined>();

/**
 * The clauses of a query like `category=laboratory`; undefined if one resource alone cannot decide it: chains, lists, full text, the time of the
 * update, references without a type, result parameters, and unknown parameters.
 */
export function decidableClauses(type: string, query: string): Clause[] | undefined {
  const name = `${type}?${query}`;
  if (remembered.has(name)) return remembered.get(name);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  const clauses = clausesOf(type, query);
  remembered.set(name, clauses);
  return clauses;
}

/** Whether a query can be decided so; `*`: for all types, by parameters that all types have. */
export function isDecidable(type: string, query: string): boolean {
  if (type !== "*") return decidableClauses(type, query) !== undefined;
  return [...new URLSearchParams(query).keys()].every((name) => name.startsWith("_")) && decidableClauses(ANY_TYPE, query) !== undefined;
}

function clausesOf(type: string, query: string): Clause[] | undefined {
  const pairs = [...new URLSearchParams(query)];
  if (pairs.length === 0 || pairs.some(([name, value]) => value === "" || isResultParameter(name))) return undefined;
  try {
    const { clauses, chains, has, lists } = parseSearch(type, pairs, { base: "", handling: "strict" });
    const isWhole = chains.length === 0 && has.length === 0 && lists.length === 0 && clauses.length > 0;
    return isWhole && clauses.every(isOfOneResource) ? clauses : undefined;
  } catch (error) {
    if (error instanceof FhirError) return undefined;
    throw error;
  }
}

function isOfOneResource(clause: Clause): boolean {
  switch (clause.kind) {
    case "text":
    case "updated":
      return false;
    case "key":
      return clause.bare === undefined || clause.bare.length === 0;
    case "any":
      return clause.of.every((group) => group.every(isOfOneResource));
    default:
      return true;
  }
}
