/**
 * Calls that may have got lost with a server of NATS. If one of several servers fails, only the nodes that were connected to it notice that. A caller at
 * another server is not told: its call to such a node, or the answer, never arrives, and it would wait for the timeout. It can tell by the new connection
 * that the node announces.
 */
import { Errors, type ServiceBroker } from "moleculer";
import type { PendingRequests } from "./pending-requests.ts";

/** What is read of Moleculer's record of a call that waits for its answer. */
export interface PendingCall {
  action: { name: string };
  nodeID: string;
  reject(error: Error): void;
}

/** What is read of Moleculer's events about other nodes. */
interface Announced {
  node: { id: string; metadata?: Record<string, unknown> };
}

/** A node's connection, as a text that is compared. */
const connectionOf = ({ node }: Announced): string => JSON.stringify(node.metadata?.["connection"] ?? null);

/**
 * Rejects calls to a node that were made before its new connection; those that are safe to repeat are repeated (retry.ts).
 * @param announcedAfterMs the least time between a new connection and its announcement: later calls have reached the node
 */
export function rejectLostCalls({ localBus }: ServiceBroker, pending: PendingRequests<PendingCall>, announcedAfterMs: number): void {
  const connections = new Map<string, string>();
  localBus.on("$node.connected", (it: Announced) => connections.set(it.node.id, connectionOf(it)));
  localBus.on("$node.disconnected", ({ node }: Announced) => connections.delete(node.id));
  localBus.on("$node.updated", (it: Announced) => {
    const before = connections.get(it.node.id);
    connections.set(it.node.id, connectionOf(it));
    if (before === undefined || before === connectionOf(it)) return;
    for (const { action, nodeID, reject } of pending.takeEarlier(it.node.id, performance.now() - announcedAfterMs)) {
      reject(new Errors.RequestRejectedError({ action: action.name, nodeID }));
    }
  });
}
