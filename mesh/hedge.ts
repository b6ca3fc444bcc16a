/** Hedged requests: a read without a timely answer is also sent to a second node, and the first answer is used. Not for keyed requests. */
import type { CallingOptions, Context, ServiceBroker } from "moleculer";
import type { Call } from "./call-function.ts";
import type { RequestMeta } from "./keyed-request.ts";
import { hedges } from "./metrics.ts";
import { endpointsOf } from "./moleculer.ts";
import { mayCallAgain, serviceOf } from "./retry-budget.ts";
import { livenessOf } from "./liveness.ts";
import { takes } from "./versions-beside.ts";

/** Time without an answer after which another node is asked, milliseconds. */
const HEDGE_MS = 300;
/** Share of all calls that may be hedged, so that a mesh that is slow everywhere is not slowed down further. */
const BUDGET_SHARE = 0.05;
/** Hedges that are possible at once after a quiet time. */
const MAX_BUDGET = 32;

/** Calls that may still be hedged, by broker. */
const budgets = new WeakMap<ServiceBroker, { left: number }>();

function budgetOf(broker: ServiceBroker): { left: number } {
  const known = budgets.get(broker) ?? { left: MAX_BUDGET };
  budgets.set(broker, known);
  return known;
}

/**
 * The call itself, or together with a second one.
 * @param again makes the same call with other options
 */
export function hedged(call: Call, again: (options: CallingOptions) => Call, options: CallingOptions | undefined): Call {
  const { ctx } = call;
  if (!ctx?.action?.name || ctx.endpoint?.local || options?.nodeID !== undefined) return call;
  // Only idempotent actions that are not marked as too expensive to run twice.
  if (ctx.action.retryPolicy?.enabled !== true || (ctx.action as { hedge?: boolean }).hedge === false) return call;
  // The caller takes over the meta of one call only: parts that the other prepared would be in no list (keyed-request.ts).
  if ((ctx.meta as RequestMeta).keyed !== undefined) return call;
  const { broker } = ctx;
  if (endpointsOf(broker, ctx.action.name).length < 2) return call;
  const budget = budgetOf(broker);
  budget.left = Math.min(MAX_BUDGET, budget.left + BUDGET_SHARE);
  const result: Call = new Promise((resolve, reject) => {
    let failures = 0;
    let asked = 1;
    const timer = setTimeout(() => {
      const other = budget.left < 1 ? undefined : otherNode(broker, ctx, ctx.action?.name ?? "");
      if (other === undefined || !mayCallAgain(broker, ctx.action?.name ?? "")) return;
      budget.left -= 1;
      hedges.labels(serviceOf(ctx.action?.name ?? "")).inc();
      asked = 2;
      again({ ...options, nodeID: other }).then(settle, fail);
    }, HEDGE_MS);
    const settle = (value: unknown) => {
      clearTimeout(timer);
      resolve(value);
    };
    const fail = (error: unknown) => {
      failures += 1;
      if (failures < asked) return; // the other one may still answer
      clearTimeout(timer);
      reject(error);
    };
    call.then(settle, fail);
  });
  result.ctx = ctx;
  return result;
}

function otherNode(broker: ServiceBroker, { params, nodeID }: Context, action: string): string | undefined {
  const liveness = livenessOf(broker);
  return endpointsOf(broker, action).find(
    (it) => it.id !== nodeID && it.isAvailable && !liveness.isSuspect(it.id) && takes(it.action, params),
  )?.id;
}
