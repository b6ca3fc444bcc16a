/** A search that leads over several services, as questions to the owners of each type: what `chains.ts` makes and `semi-join.ts` carries out. */
import type { Chain, Has } from "../fhir/search/criteria.ts";
import type { Clause } from "../fhir/search/query.ts";
import type { Availability, ChainLimits, QueryContext } from "./query-context.ts";

/**
 * Measured: to list a resource at the far end and to look it up at the near one takes about as long as to probe one candidate. Which of
 * the two is less depends on how many candidates pass, and that shows only by probing some. Where few pass, a longer list pays.
 */
export const CHAIN_LIMITS: ChainLimits[] = [
  { maxListed: 1_000, maxProbed: 10_000, maxCounted: 10_000, timeoutMs: 2_000 },
  { maxListed: 20_000, maxProbed: 50_000, maxCounted: 200_000, timeoutMs: 5_000 },
];

/** What a search over several services goes by: whom it asks, how far it goes, what it does when an owner is down. */
export interface ChainQuery {
  mesh: QueryContext;
  limits: ChainLimits;
  availability: Availability;
}

/** Criteria as questions to owners of one type, and what must be asked of others for each candidate. */
export interface ChainPlan {
  type: string;
  clauses: Clause[];
  links: Link[];
}

/** What must be asked of others about each candidate. */
export type Link = ChainLink | HasLink;

/** A candidate must refer to something that fulfils one of the plans, or is known to. */
export interface ChainLink extends Pick<Chain, "parameter" | "slots" | "isCanonical"> {
  kind: "chain";
  ends: ChainPlan[];
  /** References, as they stand in the slots, to what a list has shown to fulfil it. */
  known: ReadonlySet<string>;
  /** Or the candidate fulfils one of these, by what it contains. */
  inside: ChainPlan[];
}

/** Something that fulfils the plan must refer to a candidate. */
export interface HasLink extends Pick<Has, "parameter" | "slots" | "isCanonical"> {
  kind: "has";
  end: ChainPlan;
}
