/** A search that spans several services, as queries to the owners of each type: `chains.ts` makes it and `semi-join.ts` carries it out. */
import type { Chain, Has } from "../fhir/search/criteria.ts";
import type { Clause } from "../fhir/search/query.ts";
import type { Availability, ChainLimits, QueryContext } from "./query-context.ts";

/**
 * Measured: listing a resource at the far end and looking it up at the near end takes about as long as probing one candidate. Which of the two
 * is cheaper depends on how many candidates match, which only shows by probing some. Where few match, a longer list is worth it.
 */
export const CHAIN_LIMITS: ChainLimits[] = [
  { maxListed: 1_000, maxProbed: 10_000, maxCounted: 10_000, timeoutMs: 2_000 },
  { maxListed: 20_000, maxProbed: 50_000, maxCounted: 200_000, timeoutMs: 5_000 },
];

/** The context of a search over several services: whom it asks, its limits, and what it does when an owner is down. */
export interface ChainQuery {
  mesh: QueryContext;
  limits: ChainLimits;
  availability: Availability;
}

/** Criteria as queries to the owners of one type, and what must be checked at others for each candidate. */
export interface ChainPlan {
  type: string;
  clauses: Clause[];
  links: Link[];
}

/** A condition on each candidate that other owners must check. */
export type Link = ChainLink | HasLink;

/** The candidate must refer to a match of one of the plans, or to a known match. */
export interface ChainLink extends Pick<Chain, "parameter" | "slots" | "isCanonical"> {
  kind: "chain";
  ends: ChainPlan[];
  /** References, as in the index slots, to matches that were listed. */
  known: ReadonlySet<string>;
  /** Alternatively, one of its contained resources matches one of these. */
  inside: ChainPlan[];
}

/** A match of the plan must refer to the candidate. */
export interface HasLink extends Pick<Has, "parameter" | "slots" | "isCanonical"> {
  kind: "has";
  end: ChainPlan;
}
