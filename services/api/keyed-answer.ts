/** Carries out a request with an Idempotency-Key once, however often and through whichever gateways it is sent. */
import { asSystem } from "../../mesh/access/access.ts";
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "moleculer";
import type { Directory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { transactionId } from "../../federation/owner-contract.ts";
import type { KeyedPart } from "../../mesh/keyed-request-contract.ts";
import { beginKeyed, endKeyed, notKeyable } from "../../mesh/keyed-request.ts";
import { type KeptAnswer, transactions } from "../transactions/transactions.contract.ts";
import type { Answer } from "./http/answer.ts";
import { fingerprintOf } from "./http/idempotency-key.ts";

/** Time limit of waiting for another try of the same request, milliseconds; longer than the coordinator waits itself. */
const BEGIN_CALL = { timeout: 8_000 };
/** Attempts to tell the coordinator of the end; after that the owners ask it themselves. */
const CANCEL_TRIES = 5;
const CANCEL_PAUSE_MS = 1_000;

/**
 * @param key as returned by `idempotencyKeyOf` @param boundTo the rights of the caller: with others it is another request
 * @param answer carries the request out; its writes are committed when its answer is stored
 * @throws 422, 409, 413, 503 (transactions.contract.ts); 501 in a mesh without the service `transactions`
 */
export async function answerOnce(
  ctx: Context,
  request: IncomingMessage,
  directory: Directory,
  { key, boundTo }: { key: string; boundTo: string },
  answer: () => Promise<Answer>,
): Promise<Answer> {
  requireCoordinator(directory);
  const fingerprint = await fingerprintOf(request, boundTo);
  const tx = transactionId(ctx.broker.nodeID, randomUUID());
  const kept = await transactions.beginKeyed(asSystem(ctx, "api"), { key, fingerprint, tx }, BEGIN_CALL).catch(async (error: unknown) => {
    // If the coordinator did not answer, it may still have begun the request.
    if (!isType(error, "IDEMPOTENCY_KEY_IN_USE") && !isType(error, "IDEMPOTENCY_KEY_REUSED")) {
      await cancel(ctx, { key, tx, parts: [], isUnasked: true });
    }
    throw error;
  });
  if (kept) return answerFrom(kept);
  const at = Date.now();
  const meta = ctx.meta as Record<string, unknown>;
  beginKeyed(meta, { tx, at });
  let given: Answer;
  try {
    given = await answer();
  } catch (error) {
    await cancel(ctx, { key, tx, parts: endKeyed(meta), isUnasked: true });
    throw error;
  }
  const parts = endKeyed(meta);
  // A request without effect may be carried out again; so may a refused one.
  if (parts.length === 0 || given.status >= 400) {
    await cancel(ctx, { key, tx, parts, isUnasked: true });
    return given;
  }
  try {
    return answerFrom(await transactions.commitKeyed(asSystem(ctx, "api"), { key, fingerprint, tx, at, parts, answer: keptFrom(given) }));
  } catch (error) {
    await cancel(ctx, { key, tx, parts, isUnasked: false });
    throw error;
  }
}

function requireCoordinator(directory: Directory): void {
  try {
    directory.requireTransactions();
  } catch (error) {
    throw isType(error, "NOT_SUPPORTED") ? notKeyable() : error;
  }
}

/** A request that is given up. `isUnasked`: its commit was not requested, and will not be. */
interface Cancelled {
  key: string;
  tx: string;
  parts: KeyedPart[];
  isUnasked: boolean;
}

/** Ends what was begun. Only the coordinator knows whether it was decided meanwhile: what is committed stays. */
async function cancel(ctx: Context, { key, tx, parts, isUnasked }: Cancelled): Promise<void> {
  const end = (more: { isUnasked?: boolean }) => transactions.cancelKeyed(asSystem(ctx.broker, "api"), { key, tx, parts, ...more });
  // A coordinator of an older version does not know the parameter, and needs it only if its journal cannot be written.
  const ended = () => end({}).catch((error: unknown) => (isUnasked ? end({ isUnasked }) : Promise.reject(error)));
  await ended().catch(() => void again(ended, (error) => ctx.broker.logger.warn(`Request ${tx} is left to its owners: ${error.message}`)));
}

async function again(work: () => Promise<unknown>, giveUp: (error: Error) => void): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await delay(CANCEL_PAUSE_MS, undefined, { ref: false });
    try {
      await work();
      return;
    } catch (error) {
      if (tries === CANCEL_TRIES) return giveUp(error as Error);
    }
  }
}

/** Bytes in several parts are those of a text (`fhir/bundle-answer.ts`), which takes less room than base64. */
function keptFrom({ status, headers, body, bytes }: Answer): KeptAnswer {
  const kept = { status, ...(headers && { headers }) };
  if (Array.isArray(bytes)) return { ...kept, body: Buffer.concat(bytes).toString() };
  if (bytes) return { ...kept, body: bytes.toString("base64"), isBase64: true };
  return body === undefined ? kept : { ...kept, body };
}

function answerFrom({ status, headers, body, isBase64 }: KeptAnswer): Answer {
  const answer = { status, ...(headers && { headers }) };
  if (body === undefined) return answer;
  return isBase64 ? { ...answer, bytes: Buffer.from(body, "base64") } : { ...answer, body };
}
