/** The caller of an action, as the callee's contract takes it. */
import type { CallingOptions, ServiceBroker } from "moleculer";
import type { RequestMeta } from "./keyed-request.ts";

/** The caller of an action: the context of the request being handled, or a broker (start-up code, scripts, tests). */
export interface Caller {
  /** The same for all that one request asks of the mesh; absent for a broker. */
  readonly requestID?: string | null;
  /** What goes along with all calls of one request; absent for a broker. */
  readonly meta?: RequestMeta;
  call<Result, Params>(action: string, params: Params, options?: CallingOptions): Promise<Result>;
}

/** The same caller, who asks for this by itself: one entry of a bundle, as it goes on record. */
export function askingFor(caller: Caller, asked: string): Caller {
  if (caller.meta?.["asked"] === undefined) return caller;
  return Object.create(caller, { meta: { value: { ...caller.meta, asked }, writable: true, enumerable: true } }) as Caller;
}

/** The broker that a caller's calls go through. */
export const brokerOf = (caller: Caller): ServiceBroker =>
  // What has no broker is one.
  (caller as { broker?: ServiceBroker }).broker ?? (caller as unknown as ServiceBroker);

/** What one request may cost is counted under this name: the gateway's own, since a client gives several requests one id if it likes. */
export const workOf = ({ meta, requestID }: Caller): string | null | undefined => meta?.work ?? requestID;
