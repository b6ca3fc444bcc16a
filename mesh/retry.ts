/**
 * Repeats a call if that is safe, after a random pause, within the call's one deadline. It replaces
 * Moleculer's retries, whose pauses have no jitter and whose attempts each get the whole time again.
 *
 * - A call that certainly never ran (its node was leaving, or the packet was never sent) goes to another node, whatever
 *   it does.
 * - An idempotent action says `retryPolicy: { enabled: true }`; it is also sent to a second node if the first does not answer
 *   (hedge.ts), and repeated within the budget (retry-budget.ts) if its node died, and at the root of a request also if its handler throws a
 *   retryable error.
 */
import type { CallingOptions, Context } from "moleculer";
import { retries } from "./metrics.ts";
import { mayCallAgain, noteCall, serviceOf } from "./retry-budget.ts";
import type { Call, CallFunction } from "./call-function.ts";
import { hedged } from "./hedge.ts";
import { unlessSilent } from "./silent-node.ts";
import { middleware } from "./moleculer.ts";

/** Repetitions after the first attempt: three failures in a row are no accident. */
const RETRIES = 2;
/** The pause is random between 0 and this, doubled each time; milliseconds. */
const PAUSE_MS = 50;

interface CallError extends Error {
  type?: string;
  retryable?: boolean;
  /** Set if it came from another node. */
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

/** The arguments of a call. */
interface MadeCall {
  next: CallFunction;
  action: string;
  params: unknown;
  options: CallingOptions | undefined;
}

/** @param ctx of the first attempt @param error of the first attempt; thrown again, or a later attempt's, if none is answered */
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

/** Whether the call may have run; otherwise a repetition costs the refusing node nothing. */
const mayHaveRun = ({ type }: CallError): boolean =>
  type !== "SERVICE_NOT_AVAILABLE" && type !== "SERVICE_NOT_FOUND" && type !== "BAD_GATEWAY";

/** When the call began, on the clock of `performance.now()`. */
function startOf(ctx: Context): number {
  if (!ctx.startHrTime) return performance.now();
  const [seconds, nanoseconds] = process.hrtime(ctx.startHrTime);
  return performance.now() - (seconds * 1e3 + nanoseconds / 1e6);
}

function mayRetry(action: string, options: CallingOptions | undefined, ctx: Context | undefined, error: CallError): boolean {
  if (!ctx?.action || options?.["stream"]) return false; // no node offers it, or a stream cannot be sent again
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
