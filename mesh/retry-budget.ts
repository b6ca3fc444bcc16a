/**
 * How often calls to a service may be made again: by a fifth more than are made at all. So repeated calls add a fifth at most
 * to the load of a service that is dying under it; after a quiet time a node's calls in flight may all be made again at once.
 */
import type { ServiceBroker } from "moleculer";
import { retriesRefused } from "./metrics.ts";

/** Each call allows for so many more. */
const SHARE = 0.2;
/** What is saved up for the moment when a node dies: its calls in flight, of ten seconds at 250 calls a second. */
const MAX_TOKENS = 500;
/** What a process begins with. */
const FIRST = 100;

/** Left for each service, by broker: as many as there are services in the mesh. */
const budgets = new WeakMap<ServiceBroker, Map<string, number>>();

/** The service of an action. */
export const serviceOf = (action: string): string => action.slice(0, action.indexOf("."));

function budgetsOf(broker: ServiceBroker): Map<string, number> {
  const known = budgets.get(broker) ?? new Map<string, number>();
  budgets.set(broker, known);
  return known;
}

/** A call was made for the first time. */
export function noteCall(broker: ServiceBroker, action: string): void {
  const known = budgetsOf(broker);
  const service = serviceOf(action);
  known.set(service, Math.min(MAX_TOKENS, (known.get(service) ?? FIRST) + SHARE));
}

/** Takes one more call to the action's service from the budget; false: there is none left. */
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
