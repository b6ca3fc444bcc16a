/** The writes of a keyed request (mesh/keyed-request.ts): prepared at their owner, and true when its answer is kept. */
import { randomInt } from "node:crypto";
import { asSystem } from "../mesh/access/access.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { CallingOptions } from "moleculer";
import { withLastUpdated } from "../fhir/frame.ts";
import { brokerOf, type Caller } from "../mesh/caller.ts";
import { type KeyedRequest, newPart, notePart, type RequestMeta } from "../mesh/keyed-request.ts";
import { retries } from "../mesh/metrics.ts";
import { mayCallAgain } from "../mesh/retry-budget.ts";
import { isLeftSilent, leavingSilent } from "../mesh/silent-node.ts";
import { isType } from "./errors.ts";
import { type OwnerStep, ownerOf, type StepResult } from "./owner-contract.ts";

/** Tries in all, each under an id of its own: what a node that died, or stood still, has prepared is never committed. */
const MAX_TRIES = 4;
/** Pause before the next try, at random up to this; milliseconds. */
const PAUSE_MS = 100;

/** Checks of so many steps take their time on a busy machine; another node would only double the load. */
const MANY_STEPS = 100;
/** An owner without an answer learns later that a transaction is given up, from the journal; milliseconds. */
const ABORT_CALL = leavingSilent({ timeout: 2_000 });

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

/** How an owner is asked to prepare. @param timeout milliseconds */
export function prepareCall(steps: OwnerStep[], timeout: number): CallingOptions {
  const options = { timeout, retries: 0 };
  return steps.length > MANY_STEPS ? options : leavingSilent(options);
}

/** Nobody knows whether this prepare is done, or will be: its node has died, or says nothing. What is aborted then is refused when it comes. */
export const isPrepareInDoubt = (error: unknown): boolean => isType(error, "REQUEST_REJECTED") || isLeftSilent(error);

/** What is prepared under this id, or will be, is not committed. @throws when no node of the owner answers in time */
export const abortPrepared = async (caller: Caller, owner: string, tx: string): Promise<null> =>
  ownerOf(owner).abort(caller, { tx }, ABORT_CALL);

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
      const results = await ownerOf(owner).prepare(caller, sent, prepareCall(steps, timeout));
      notePart(caller.meta, { tx, owner });
      return asCommitted(results, keyed.at);
    } catch (error) {
      const isInDoubt = isPrepareInDoubt(error);
      // What it holds would keep the next try waiting. Where nobody hears of it, the journal tells it later.
      if (isInDoubt) await abortPrepared(asSystem(caller, "recovery"), owner, tx).catch(() => null);
      const isWorthAnother = isInDoubt || hasLabelsOfOthers(error, steps);
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
