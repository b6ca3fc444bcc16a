/**
 * Lets a caller leave a node that does not even answer whether it lives, if the caller can repeat the call at another node under a key by
 * which it takes effect once. Otherwise it would wait until the node is removed from the registry (liveness.ts): two
 * seconds, and longer if the node has just joined.
 */
import { type CallingOptions, type Context, Errors, type ServiceBroker } from "moleculer";
import type { Call } from "./call-function.ts";
import { livenessOf } from "./liveness.ts";
import { endpointsOf } from "./moleculer.ts";
import { takes } from "./versions-beside.ts";

/** A called node is asked after 300 ms, and has the rest of this time to send any message; milliseconds. */
const SILENT_MS = 900;
/** Interval of the check, milliseconds. */
const LOOK_MS = 100;

/** The options of a call that leaves a silent node. */
export const leavingSilent = (options: CallingOptions): CallingOptions & { leavesSilent: true } => ({ ...options, leavesSilent: true });

/** Whether a call was ended because its node is silent: it may have run there, or may still run. */
export const isLeftSilent = (error: unknown): boolean =>
  error instanceof Error && (error as { data?: { isSilent?: boolean } }).data?.isSilent === true;

/** The call itself; rejected like a timeout when its node is silent and there is another one. */
export function unlessSilent(call: Call, options: CallingOptions | undefined): Call {
  const { ctx } = call;
  const action = ctx?.action;
  const isLeft = (options as { leavesSilent?: boolean } | undefined)?.leavesSilent === true;
  if (!isLeft || !ctx || !action || ctx.endpoint?.local) return call;
  const { broker, nodeID } = ctx as { broker: ServiceBroker; nodeID: string | null };
  const begun = performance.now();
  const result: Call = new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      if (nodeID === null || performance.now() - begun < SILENT_MS || !livenessOf(broker).isSuspect(nodeID)) return;
      if (!hasOther(broker, ctx, action.name ?? "")) return;
      clearInterval(timer);
      reject(new Errors.RequestTimeoutError({ action: action.name ?? "", nodeID, isSilent: true }));
    }, LOOK_MS).unref();
    call.then(resolve, reject).finally(() => clearInterval(timer));
  });
  result.ctx = ctx;
  return result;
}

function hasOther(broker: ServiceBroker, { params, nodeID }: Context, name: string): boolean {
  const liveness = livenessOf(broker);
  return endpointsOf(broker, name).some(
    ({ id, isAvailable, action }) => id !== nodeID && isAvailable && !liveness.isSuspect(id) && takes(action, params),
  );
}
