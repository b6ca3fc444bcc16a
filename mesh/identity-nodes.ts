/** Addresses at which nodes of the service `identity` answer HTTP: they announce them with the service (`metadata.auth.url`). */
import { hostname } from "node:os";
import type { ServiceBroker } from "moleculer";
import { isLoopback } from "./exposure.ts";
import { listServices } from "./moleculer.ts";

/** By broker: the next node in turn. */
const turns = new WeakMap<ServiceBroker, number>();

/** A node of `identity`. */
export interface IdentityAddress {
  nodeID: string;
  /** Where it answers. */
  url: string;
}

/**
 * Addresses of live nodes, beginning with another one each time. Without those on other machines that only listen locally (IDENTITY_HOST), since
 * their address would lead to this machine.
 */
export function identityAddresses(broker: ServiceBroker): IdentityAddress[] {
  const { registry } = broker;
  const services = listServices<{ auth?: { url?: string } }>(broker, { skipInternal: true });
  const isHere = (nodeID: string) => (registry.nodes?.get(nodeID)?.hostname ?? hostname()) === hostname();
  const addresses = services
    .filter(({ name }) => name === "identity")
    .flatMap(({ nodeID, metadata }) => {
      const url = metadata?.auth?.url;
      return url !== undefined && (isHere(nodeID) || !isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ""))) ? [{ nodeID, url }] : [];
    });
  const turn = turns.get(broker) ?? 0;
  turns.set(broker, (turn + 1) % Number.MAX_SAFE_INTEGER);
  const first = turn % Math.max(1, addresses.length);
  return [...addresses.slice(first), ...addresses.slice(0, first)];
}
