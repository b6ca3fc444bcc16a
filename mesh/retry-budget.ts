/**
 * Budget of repeated calls: a fifth of the calls to a service. Repetitions therefore add at most a fifth
 * to the load of a failing service; after a quiet time all of a node's pending calls may be repeated at once.
 */
import type { ServiceBroker } from "moleculer";
import { hedges, retries, retriesRefused } from "./metrics.ts";

/** Repetitions that each call permits. */
const SHARE = 0.2;
/** Most repetitions that are saved up for a node's death: its pending calls, of ten seconds at 250 calls a second. */
const MAX_TOKENS = 500;
/** Initial budget of a process. */
const FIRST = 100;

/** Remaining budget by service, by broker. */
const budgets = new WeakMap<ServiceBroker, Map<string, number>>();

/** The service of an action. */
export const serviceOf = (action: string): string => action.slice(0, action.indexOf("."));

function budgetsOf(broker: ServiceBroker): Map<string, number> {
  const known = budgets.get(broker) ?? new Map<string, number>();
  budgets.set(broker, known);
  return known;
}

/** Notes a first call. */
export function noteCall(broker: ServiceBroker, action: string): void {
  const known = budgetsOf(broker);
  const service = serviceOf(action);
  if (!known.has(service)) for (const counter of [retries, hedges, retriesRefused]) counter.labels(service).inc(0); // the first one is a rise from 0
  known.set(service, Math.min(MAX_TOKENS, (known.get(service) ?? FIRST) + SHARE));
}

/** Takes a repetition from the budget of the action's service; false: it is exhausted. */
export function mayCallAgain(broker: ServiceBroker, action: string): boolean {
  const known = budgetsOf(broker);
  const service = serviceOf(action);
  const left = known.get(service) ?? FIRST;
  if (left < 1) {
    retriesRefused.labels(service).inc();
    return false;
  }
  known.set(service, left - 1);
  return true;
}
