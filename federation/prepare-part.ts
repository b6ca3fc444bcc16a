/** The writes of a request with an Idempotency-Key (mesh/keyed-request.ts): prepared at their owner, and committed with the request's answer. */
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

/** Tries in all, each under an id of its own: what a node prepared that died or hung is never committed. */
const MAX_TRIES = 4;
/** Longest pause before the next try, chosen at random; milliseconds. */
const PAUSE_MS = 100;

/** Checking at least this many steps takes long on a busy machine; a retry at another node would only double the load. */
const MANY_STEPS = 100;
/** An owner that does not answer learns later from the journal that a transaction was aborted; milliseconds. */
const ABORT_CALL = leavingSilent({ timeout: 2_000 });

/** The caller of a request with an Idempotency-Key. */
export type KeyedCaller = Caller & { meta: RequestMeta & { keyed: KeyedRequest } };

/** Whether the caller's writes are only to be prepared. */
export const isKeyed = (caller: Caller): caller is KeyedCaller => caller.meta?.keyed !== undefined;

/** Results of a prepare as they are after the commit: with its time `at` (milliseconds), but never before what they replace. */
export function asCommitted(results: StepResult[], at: number): StepResult[] {
  return results.map((result) => {
    const isWritten = result.outcome === "created" || result.outcome === "updated" || result.outcome === "deleted";
    if (!isWritten) return result;
    const updated = Math.max(at, result.updated);
    return { ...result, updated, ...(result.json !== undefined && { json: withLastUpdated(result.json, updated) }) };
  });
}

/** Options of a call of `prepare`. @param timeout milliseconds */
export function prepareCall(steps: OwnerStep[], timeout: number): CallingOptions {
  const options = { timeout, retries: 0 };
  return steps.length > MANY_STEPS ? options : leavingSilent(options);
}

/** Whether it is unknown if the prepare was carried out: its node died or does not respond. Once aborted, it is refused when it arrives late. */
export const isPrepareInDoubt = (error: unknown): boolean => isType(error, "REQUEST_REJECTED") || isLeftSilent(error);

/** Ensures that nothing prepared under this id, now or later, is committed. @throws when no node of the owner answers in time */
export const abortPrepared = async (caller: Caller, owner: string, tx: string): Promise<null> =>
  ownerOf(owner).abort(caller, { tx }, ABORT_CALL);

/**
 * @param withinMs limit in all
 * @throws what the owner refuses; 503, 504 when none of its nodes answers in time
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
      // Its locks would hold up the next try. If the owner cannot be reached, it learns of the abort from the journal.
      if (isInDoubt) await abortPrepared(asSystem(caller, "recovery"), owner, tx).catch(() => null);
      const isWorthAnother = isInDoubt || hasLabelsOfOthers(error, steps);
      if (!isWorthAnother || tries === MAX_TRIES || performance.now() + PAUSE_MS >= deadline) throw error;
      if (!mayCallAgain(brokerOf(caller), ownerOf(owner).prepare.action)) throw error;
      retries.labels(owner).inc();
      await delay(randomInt(PAUSE_MS));
    }
  }
}

/** The version from which kept labels were read has changed; the client has named no version. */
function hasLabelsOfOthers(error: unknown, steps: OwnerStep[]): boolean {
  const step = steps[(error as { data?: { step?: number } }).data?.step ?? -1];
  return isType(error, "STALE_VERSION") && step?.op === "update" && step.keepsLabels === true && step.ifVersion === undefined;
}
