/**
 * Moleculer's circuit breaker, which counts only failures of the called node itself. An action that fails because another service is down, or that was not
 * begun in time, stays open to other calls: they may need neither.
 */
import type { ServiceBroker } from "moleculer";
import { type Middleware, moleculersBreaker, type WrapAction } from "./moleculer.ts";

/** An error of a call. */
interface CallError {
  code?: number;
  type?: string;
  data?: { action?: string };
}

/** What an action passes on if a service that it needs is down. */
const OF_OTHERS: ReadonlySet<string | undefined> = new Set(["SERVICE_NOT_AVAILABLE", "SERVICE_NOT_FOUND", "OWNER_DOWN", "SERVICE_DOWN"]);
/** These name the action whose call has failed; any other one was called by this action. */
const OF_NAMED_ACTION: ReadonlySet<string | undefined> = new Set(["REQUEST_TIMEOUT", "REQUEST_REJECTED"]);

/** Whether an error shows that the node which was to carry out the action is unhealthy. Client errors do not, nor does 501: they say what was wrong with the call. Nor does 507, a full disk: the next write is answered as quickly, and with its reason. */
function isFailureOf(action: string, { code = 0, type, data }: CallError): boolean {
  if (code < 500 || code === 501 || code === 507) return false;
  // The node had too much to do: if this counted, it would refuse for two seconds what it could do in that time.
  if (type === "REQUEST_SKIPPED" || OF_OTHERS.has(type)) return false;
  return !OF_NAMED_ACTION.has(type) || data?.action === undefined || data.action === action;
}

function breakerOf(broker: ServiceBroker) {
  const breaker = moleculersBreaker(broker);
  const judging = (wrap: WrapAction): WrapAction =>
    function judged(this: ServiceBroker, handler, action) {
      return wrap.call(this, handler, { ...action, circuitBreaker: { check: (error) => isFailureOf(action.name, error) } });
    };
  return { ...breaker, localAction: judging(breaker.localAction), remoteAction: judging(breaker.remoteAction) };
}

/** The middleware; its options are the broker's `circuitBreaker`. */
export const CircuitBreaker = breakerOf as unknown as Middleware; // Moleculer takes functions as well, but does not declare it
