/** The context of queries to the owners of FHIR data. */
import type { Caller } from "../mesh/caller.ts";
import type { DateReading } from "../fhir/search/types/date.ts";
import { type Budget, REQUEST_MS, requestTooCostly } from "../store/too-costly.ts";
import type { Metered } from "./owner-contract.ts";
import type { Directory } from "./directory.ts";

/** What a query to other services needs. */
export interface QueryContext {
  caller: Caller;
  directory: Directory;
  /** Limits of chains, tried in order; default `CHAIN_LIMITS`. Others are for tests. */
  chainLimits?: ChainLimits[];
  /** Whether to include Provenances that are derived from the authors of versions: for external callers. */
  showsAuthors?: boolean;
  /** How searches by date compare periods; default: exactly as R4 defines. */
  dates?: DateReading;
  /** What is left of the request's processor time in stores; absent: each query has a limit of its own. */
  budget?: Budget;
  /** Called when an answer turns out to be large; waits for a turn. Absent: no turn is needed. @throws 503 if it does not come in time */
  becomeLarge?(): Promise<void>;
}

/** The budget of a new request. */
export const newBudget = (): Budget => ({ leftMs: REQUEST_MS });

/** The budget parameter of a query to an owner. @throws FhirError 400 too-costly when nothing is left */
export function budgetFor({ budget }: QueryContext): { budgetMs?: number } {
  if (!budget) return {};
  if (budget.leftMs <= 0) throw requestTooCostly();
  return { budgetMs: Math.ceil(budget.leftMs) };
}

/** Subtracts what an owner has spent. */
export function spend({ budget }: QueryContext, [first]: { spentMs?: number }[]): void {
  if (budget) budget.leftMs -= first?.spentMs ?? 0;
}

/** The answer of an owner; subtracts what was spent on it. */
export function answerIn<Answer>(mesh: QueryContext, metered: Metered<Answer>): Answer {
  if (typeof metered !== "object" || metered === null || !("spentMs" in metered)) return metered as Answer;
  spend(mesh, [metered]);
  return metered.answer;
}

/** How a query proceeds when an owner is down. */
export interface Availability {
  /** Answers with what is available instead of 503. */
  partial: boolean;
  /** With `partial`: types of which not all owners could be asked. */
  missing: Set<string>;
}

/** Limits within which one strategy is tried before the next. */
export interface ChainLimits {
  /** Ends with at most this many resources are listed, others are probed. */
  maxListed: number;
  /** Candidates probed for one page. */
  maxProbed: number;
  /** Candidates probed for one count. */
  maxCounted: number;
  /** Time limit, milliseconds. */
  timeoutMs: number;
}
