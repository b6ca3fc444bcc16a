/**
 * Calls while nodes of several versions run side by side. An action with strict params refuses those that its version does not know; therefore a call
 * goes to a node that takes all of its params, if there is one.
 */
import type { ServiceBroker } from "moleculer";
import { type ActionEndpoint, endpointsOf } from "./moleculer.ts";

/** Whether an action, as its node has announced it, takes params of these names; one that is not strict takes any. */
export function takes(action: ActionEndpoint["action"], params: unknown): boolean {
  const known = action?.params as Record<string, unknown> | undefined;
  if (known?.["$$strict"] !== true || params === null || typeof params !== "object") return true;
  for (const name in params) if (!(name in known)) return false;
  return true;
}

/** Those of the nodes that take these params; all if none does. */
export function takersAmong<Endpoint extends Pick<ActionEndpoint, "action">>(list: Endpoint[], params: unknown): Endpoint[] {
  if (list.length < 2 || list.every(({ action }) => takes(action, params))) return list;
  const takers = list.filter(({ action }) => takes(action, params));
  return takers.length > 0 ? takers : list;
}

/** Whether some available node takes these params; true if none offers the action. */
export function isTaken(broker: ServiceBroker, action: string, params: object): boolean {
  const available = endpointsOf(broker, action).filter(({ isAvailable }) => isAvailable);
  return available.length === 0 || available.some((endpoint) => takes(endpoint.action, params));
}
