/** One atomic write at one owner, carried out once even if its node dies or hangs meanwhile. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { brokerOf, type Caller } from "../mesh/caller.ts";
import { retries } from "../mesh/metrics.ts";
import { mayCallAgain } from "../mesh/retry-budget.ts";
import { leavingSilent } from "../mesh/silent-node.ts";
import { isType } from "./errors.ts";
import { isKeyed, preparePart } from "./prepare-part.ts";
import { ownerOf, type OwnerStep, type StepResult } from "./owner-contract.ts";

/** Limit of a write with all its tries and pauses, milliseconds. */
const WRITE_WITHIN_MS = 10_000;
/** A try without an answer after this time is repeated, at another node if there is one; milliseconds. */
const TRY_MS = 2_500;
/** Longest pause before the next try, chosen at random, doubled each time; milliseconds. */
const PAUSE_MS = 50;
/** Tries in all: repeated calls must not add to the load of a failing service. */
const MAX_TRIES = 4;

/** Errors after which it is unknown whether the try was carried out: its node died, or did not answer. */
const IN_DOUBT = ["REQUEST_REJECTED", "REQUEST_TIMEOUT"];

interface ToWrite {
  steps: OwnerStep[];
  representation?: boolean;
  /** Of a write that its caller may have begun before, elsewhere; default: a new one. */
  key?: string;
  isRepeated?: boolean;
}

/**
 * Under an Idempotency-Key the write is only prepared.
 * @param withinMs limit in all
 * @throws what the owner refuses; 503, 504 when none of its nodes answers in time
 */
export function writeToOwner(caller: Caller, owner: string, sent: ToWrite, withinMs = WRITE_WITHIN_MS): Promise<StepResult[]> {
  return isKeyed(caller) ? preparePart(caller, owner, sent, withinMs) : writeAtOnce(caller, owner, sent, withinMs);
}

/** Writes at once even under an Idempotency-Key: for what is not part of the request's effect. Throws as `writeToOwner`. */
export async function writeAtOnce(
  caller: Caller,
  owner: string,
  { steps, representation, key = randomUUID(), isRepeated = false }: ToWrite,
  withinMs = WRITE_WITHIN_MS,
): Promise<StepResult[]> {
  const deadline = performance.now() + withinMs;
  const isLarge = steps.length > 100; // takes long on a busy machine; a retry at another node would only double the load
  for (let tries = 1; ; tries += 1) {
    const left = deadline - performance.now();
    const timeout = isLarge || tries === MAX_TRIES ? left : Math.min(TRY_MS, left);
    try {
      const sent = { steps, key, isRepeated: isRepeated || tries > 1, ...(representation !== undefined && { representation }) };
      // Not tracked: Moleculer does not end tracking of a remote call that timed out, and a node that stops would wait for it.
      const options = { timeout: Math.max(1, Math.round(timeout)), tracking: false };
      return await ownerOf(owner).write(caller, sent, isLarge || tries === MAX_TRIES ? options : leavingSilent(options));
    } catch (error) {
      const pause = Math.random() * PAUSE_MS * 2 ** tries;
      const isInDoubt = IN_DOUBT.some((type) => isType(error, type));
      if (!isInDoubt || tries === MAX_TRIES || performance.now() + pause >= deadline) throw error;
      if (!mayCallAgain(brokerOf(caller), ownerOf(owner).write.action)) throw error;
      retries.labels(owner).inc();
      await delay(pause);
    }
  }
}
