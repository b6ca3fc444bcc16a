/** The writes of a keyed request (mesh/keyed-request.ts): prepared at their owner, and true when its answer is kept. */
import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { withLastUpdated } from "../fhir/frame.ts";
import { brokerOf, type Caller } from "../mesh/caller.ts";
import { type KeyedRequest, newPart, notePart, type RequestMeta } from "../mesh/keyed-request.ts";
import { retries } from "../mesh/metrics.ts";
import { mayCallAgain } from "../mesh/retry-budget.ts";
import { isType } from "./errors.ts";
import { type OwnerStep, ownerOf, type StepResult } from "./owner-contract.ts";

/** Tries in all, each under an id of its own: what a node that died has prepared is never committed. */
const MAX_TRIES = 4;
/** Pause before the next try, at random up to this; milliseconds. */
const PAUSE_MS = 100;

/** A keyed request's caller. */
export type KeyedCaller = Caller & { meta: RequestMeta & { keyed: KeyedRequest } };

/** Whether what the caller writes is to be prepared only. */
export const isKeyed = (caller: Caller): caller is KeyedCaller => caller.meta?.keyed !== undefined;

/** Results of a prepare as the commit makes them true: with its time `at` (milliseconds), and never before what they replace. */
export function asCommitted(results: StepResult[], at: number): StepResult[] {
  return results.map((result) => {
    const isWritten = result.outcome === "created" || result.outcome === "updated" || result.outcome === "deleted";
    if (!isWritten) return result;
    const updated = Math.max(at, result.updated);
    return { ...result, updated, ...(result.json !== undefined && { json: withLastUpdated(result.json, updated) }) };
  });
}

/**
 * @param withinMs how long it may take in all
 * @throws what the owner refuses; 503, 504 when no node of it answers in time
 */
export async function preparePart(
  caller: KeyedCaller,
  owner: string,
  { steps, representation }: { steps: OwnerStep[]; representation?: boolean },
  withinMs: number,
): Promise<StepResult[]> {
  const { keyed } = caller.meta;
  const deadline = performance.now() + withinMs;
  for (let tries = 1; ; tries += 1) {
    const tx = newPart(keyed);
    const timeout = Math.max(1, Math.round(deadline - performance.now()));
    try {
      const sent = { tx, steps, ...(representation !== undefined && { representation }) };
      const results = await ownerOf(owner).prepare(caller, sent, { timeout, retries: 0 });
      notePart(caller.meta, { tx, owner });
      return asCommitted(results, keyed.at);
    } catch (error) {
      const isWorthAnother = isType(error, "REQUEST_REJECTED") || hasLabelsOfOthers(error, steps);
      if (!isWorthAnother || tries === MAX_TRIES || performance.now() + PAUSE_MS >= deadline) throw error;
      if (!mayCallAgain(brokerOf(caller), ownerOf(owner).prepare.action)) throw error;
      retries.labels(owner).inc();
      await delay(randomInt(PAUSE_MS));
    }
  }
}

/** Others have written what the labels that are kept were read from; the sender has named no version. */
function hasLabelsOfOthers(error: unknown, steps: OwnerStep[]): boolean {
  const step = steps[(error as { data?: { step?: number } }).data?.step ?? -1];
  return isType(error, "STALE_VERSION") && step?.op === "update" && step.keepsLabels === true && step.ifVersion === undefined;
}
