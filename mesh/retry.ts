/**
 * Tries a call again where that is safe, after a random pause, within the call's one deadline. It stands in for
 * Moleculer's retries, whose pauses have no jitter and whose attempts each get the whole time again.
 *
 * - A call that certainly never ran (its node was leaving, or the packet was never sent) goes to another node, whatever
 *   it does.
 * - An action that is idempotent says `retryPolicy: { enabled: true }`; it is asked of a second node when the first does not answer
 *   (hedge.ts), and tried again, as far as the budget goes (retry-budget.ts), when its node died under it, and at the root of a request also when its handler throws a retryable error.
 */
import type { CallingOptions, Context } from "moleculer";
import { retries } from "./metrics.ts";
import { mayCallAgain, noteCall, serviceOf } from "./retry-budget.ts";
import type { Call, CallFunction } from "./call-function.ts";
import { hedged } from "./hedge.ts";
import { unlessSilent } from "./silent-node.ts";
import { middleware } from "./moleculer.ts";

/** One try and so many more. Three failures in a row are no accident. */
const RETRIES = 2;
/** The pause is random between 0 and this, doubled each time; milliseconds. */
const PAUSE_MS = 50;

interface CallError extends Error {
  type?: string;
  retryable?: boolean;
  /** Set when it came from another node. */
  nodeID?: string;
  data?: { action?: string };
}

/** Moleculer's middleware that repeats a call which never ran, or which is idempotent, within the call's deadline. */
export const Retry = middleware({
  name: "MeshRetry",
  call(next: CallFunction): CallFunction {
    return (action, params, options) => {
      const first = hedged(unlessSilent(next(action, params, options), options), (others) => next(action, params, others), options);
      if (first.ctx?.action?.name) noteCall(first.ctx.broker, action);
      const result: Call = first.catch(async (error: CallError) => {
        const answered = await again({ next, action, params, options }, first.ctx, error);
        // The caller takes over the meta of the attempt that was answered.
        if (answered.ctx) result.ctx = answered.ctx;
        return answered.answer;
      });
      result.ctx = first.ctx;
      return result;
    };
  },
});

/** A call as it was made. */
interface MadeCall {
  next: CallFunction;
  action: string;
  params: unknown;
  options: CallingOptions | undefined;
}

/** @param ctx of the first attempt @param error that it ended in; thrown again, or a later attempt's, when none is answered */
async function again(
  { next, action, params, options }: MadeCall,
  ctx: Context | undefined,
  error: CallError,
): Promise<{ answer: unknown; ctx: Context | undefined }> {
  let [latest, latestCtx] = [error, ctx];
  const timeout = ctx?.options.timeout ?? 0;
  const last = ctx && timeout > 0 ? startOf(ctx) + timeout : Number.POSITIVE_INFINITY;
  for (let retry = 0; retry < RETRIES && mayRetry(action, options, latestCtx, latest); retry++) {
    const pause = Math.random() * PAUSE_MS * 2 ** retry;
    const left = last - performance.now() - pause;
    if (left <= 0 || (mayHaveRun(latest) && latestCtx && !mayCallAgain(latestCtx.broker, action))) break;
    retries.labels(serviceOf(action)).inc();
    await new Promise((resolve) => setTimeout(resolve, pause));
    const attempt = next(action, params, { ...options, ...(Number.isFinite(left) && { timeout: left }) });
    try {
      return { answer: await attempt, ctx: attempt.ctx };
    } catch (failure) {
      [latest, latestCtx] = [failure as CallError, attempt.ctx];
    }
  }
  throw latest;
}

/** What was refused by a node that was leaving cost it nothing, and goes to another. */
const mayHaveRun = ({ type }: CallError): boolean =>
  type !== "SERVICE_NOT_AVAILABLE" && type !== "SERVICE_NOT_FOUND" && type !== "BAD_GATEWAY";

/** When the call began, on the clock of `performance.now()`. */
function startOf(ctx: Context): number {
  if (!ctx.startHrTime) return performance.now();
  const [seconds, nanoseconds] = process.hrtime(ctx.startHrTime);
  return performance.now() - (seconds * 1e3 + nanoseconds / 1e6);
}

function mayRetry(action: string, options: CallingOptions | undefined, ctx: Context | undefined, error: CallError): boolean {
  if (!ctx?.action || options?.["stream"]) return false; // nobody serves it, or what was sent cannot be sent again
  const isAboutThisCall = error.data?.action === action;
  const isIdempotent = ctx.action.retryPolicy?.enabled === true;
  switch (error.type) {
    case "SERVICE_NOT_AVAILABLE": // its node was leaving and did not begin
    case "SERVICE_NOT_FOUND":
      return isAboutThisCall;
    case "BAD_GATEWAY": // not sent: the connection to NATS is lost
      return !ctx.endpoint?.local && error.nodeID === undefined;
    case "REQUEST_REJECTED": // its node died, or the connection; it may have run
    case "REQUEST_TIMEOUT":
      return isAboutThisCall && isIdempotent;
    default:
      return error.retryable === true && isIdempotent && ctx.level === 1;
  }
}
