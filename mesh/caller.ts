/** The caller of an action, as contracts take it. */
import type { CallingOptions, ServiceBroker } from "moleculer";
import type { RequestMeta } from "./keyed-request.ts";

/** The caller of an action: the context of the request being handled, or a broker (start-up code, scripts, tests). */
export interface Caller {
  /** The same for all calls of one request; absent for a broker. */
  readonly requestID?: string | null;
  /** Sent with all calls of one request; absent for a broker. */
  readonly meta?: RequestMeta;
  call<Result, Params>(action: string, params: Params, options?: CallingOptions): Promise<Result>;
}

/** The same caller with what it asks for, for the audit: one entry of a bundle. */
export function askingFor(caller: Caller, asked: string): Caller {
  if (caller.meta?.["asked"] === undefined) return caller;
  return Object.create(caller, { meta: { value: { ...caller.meta, asked }, writable: true, enumerable: true } }) as Caller;
}

/** The broker through which a caller's calls go. */
export const brokerOf = (caller: Caller): ServiceBroker =>
  // A caller without a broker is one itself.
  (caller as { broker?: ServiceBroker }).broker ?? (caller as unknown as ServiceBroker);

/** Name under which the cost of one request is counted. @param client that made it, "" if unknown @param id of the request at its gateway */
export const workName = (client: string, id: string): string => `${client} ${id}`;

/** The name of the request's work: the gateway's own, since clients may give several requests the same id. */
export const workOf = ({ meta, requestID }: Caller): string | null | undefined => meta?.work ?? requestID;

/** The client whose request a call belongs to; "" if it is unknown, as for the mesh's own work. */
export function clientOf({ meta }: Caller): string {
  const work = meta?.work ?? "";
  return work.slice(0, Math.max(0, work.lastIndexOf(" ")));
}
