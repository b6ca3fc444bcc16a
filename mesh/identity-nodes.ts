/** Where nodes of the service `identity` answer HTTP: they announce it with the service (`metadata.auth.url`). */
import { hostname } from "node:os";
import type { ServiceBroker } from "moleculer";
import { isLoopback } from "./exposure.ts";
import { listServices } from "./moleculer.ts";

/** By broker, whose turn it is. */
const turns = new WeakMap<ServiceBroker, number>();

/**
 * Addresses of live nodes, another one first each time. Not of those on other machines that listen for their own only (IDENTITY_HOST): the
 * address means another place here.
 */
export function identityAddresses(broker: ServiceBroker): string[] {
  const { registry } = broker;
  const services = listServices<{ auth?: { url?: string } }>(broker, { skipInternal: true });
  const isHere = (nodeID: string) => (registry.nodes?.get(nodeID)?.hostname ?? hostname()) === hostname();
  const addresses = services
    .filter(({ name }) => name === "identity")
    .flatMap(({ nodeID, metadata }) => {
      const url = metadata?.auth?.url;
      return url !== undefined && (isHere(nodeID) || !isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ""))) ? [url] : [];
    });
  const turn = turns.get(broker) ?? 0;
  turns.set(broker, (turn + 1) % Number.MAX_SAFE_INTEGER);
  const first = turn % Math.max(1, addresses.length);
  return [...addresses.slice(first), ...addresses.slice(0, first)];
}
