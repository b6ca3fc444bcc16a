/** What a question to the owners of FHIR data goes by. */
import type { Caller } from "../mesh/caller.ts";
import type { DateReading } from "../fhir/search/types/date.ts";
import { type Budget, REQUEST_MS, requestTooCostly } from "../store/too-costly.ts";
import type { Metered } from "./owner-contract.ts";
import type { Directory } from "./directory.ts";

/** What a question to other services needs. */
export interface QueryContext {
  caller: Caller;
  directory: Directory;
  /** How far chains are followed, first this way, then that; default `CHAIN_LIMITS`. Other ones are for tests. */
  chainLimits?: ChainLimits[];
  /** Whether Provenances that are made of the authors of versions are meant too: for who asks from outside. */
  showsAuthors?: boolean;
  /** How searches by date take periods; default: as R4's letter. */
  dates?: DateReading;
  /** What is left of the processor time that the request may take of stores; absent: each question is bounded by itself. */
  budget?: Budget;
  /** Waits until this question may have a large answer, as it turns out to have; absent: it may. @throws 503 where that does not come in time */
  becomeLarge?(): Promise<void>;
}

/** What a request has at its begin. */
export const newBudget = (): Budget => ({ leftMs: REQUEST_MS });

/** What an owner is asked with. @throws FhirError 400 too-costly when nothing is left */
export function budgetFor({ budget }: QueryContext): { budgetMs?: number } {
  if (!budget) return {};
  if (budget.leftMs <= 0) throw requestTooCostly();
  return { budgetMs: Math.ceil(budget.leftMs) };
}

/** Takes what an owner has spent from what is left. */
export function spend({ budget }: QueryContext, [first]: { spentMs?: number }[]): void {
  if (budget) budget.leftMs -= first?.spentMs ?? 0;
}

/** The answer of an owner, whose time is taken from what is left. */
export function answerIn<Answer>(mesh: QueryContext, metered: Metered<Answer>): Answer {
  if (typeof metered !== "object" || metered === null || !("spentMs" in metered)) return metered as Answer;
  spend(mesh, [metered]);
  return metered.answer;
}

/** What becomes of a question when an owner is down. */
export interface Availability {
  /** Answer with what there is, rather than with 503. */
  partial: boolean;
  /** With `partial`: types whose owners could not all be asked. */
  missing: Set<string>;
}

/** How much of a question is done one way, before another is tried. */
export interface ChainLimits {
  /** An end with at most so many resources is listed, the others are probed. */
  maxListed: number;
  /** Candidates that are probed for one page. */
  maxProbed: number;
  /** Candidates that are probed for one count. */
  maxCounted: number;
  /** Time for it, milliseconds. */
  timeoutMs: number;
}
