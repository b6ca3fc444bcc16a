/**
 * A call to a node that does not even answer whether it lives waits no longer than that shows, where its caller wants that: it has it done by
 * another node, under a key by which it is done once. Until the node is taken out of the registry (liveness.ts) it would wait for two
 * seconds, and for more where the node has only just joined.
 */
import { type CallingOptions, Errors, type ServiceBroker } from "moleculer";
import type { Call } from "./call-function.ts";
import { livenessOf } from "./liveness.ts";
import { endpointsOf } from "./moleculer.ts";

/** A node that was called is asked after 300 ms, and has the rest of this time to say anything at all; milliseconds. */
const SILENT_MS = 900;
/** Between two looks, milliseconds. */
const LOOK_MS = 100;

/** The options of a call that waits no longer for a silent node. */
export const leavingSilent = (options: CallingOptions): CallingOptions & { leavesSilent: true } => ({ ...options, leavesSilent: true });

/** Whether a call was ended because its node says nothing: it may have been done there, and may still be. */
export const isLeftSilent = (error: unknown): boolean =>
  error instanceof Error && (error as { data?: { isSilent?: boolean } }).data?.isSilent === true;

/** The call itself; rejected as one that had no answer in time when its node is silent and there is another. */
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
      if (!hasOther(broker, action.name ?? "", nodeID)) return;
      clearInterval(timer);
      reject(new Errors.RequestTimeoutError({ action: action.name ?? "", nodeID, isSilent: true }));
    }, LOOK_MS).unref();
    call.then(resolve, reject).finally(() => clearInterval(timer));
  });
  result.ctx = ctx;
  return result;
}

function hasOther(broker: ServiceBroker, action: string, silent: string): boolean {
  const liveness = livenessOf(broker);
  return endpointsOf(broker, action).some(({ id, isAvailable }) => id !== silent && isAvailable && !liveness.isSuspect(id));
}
