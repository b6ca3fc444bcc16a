/** Where nodes of the service `identity` answer HTTP: they announce it with the service (`metadata.auth.url`). */
import type { ServiceBroker } from "moleculer";

/** By broker, whose turn it is. */
const turns = new WeakMap<ServiceBroker, number>();

/** Addresses of live nodes, another one first each time; none: no node is seen. */
export function identityAddresses(broker: ServiceBroker): string[] {
  const services = broker.registry.getServiceList({ onlyAvailable: true, skipInternal: true }) as { name: string; metadata?: object }[];
  const addresses = services
    .filter(({ name }) => name === "identity")
    .flatMap(({ metadata }) => (metadata as { auth?: { url?: string } } | undefined)?.auth?.url ?? []);
  const turn = turns.get(broker) ?? 0;
  turns.set(broker, (turn + 1) % Number.MAX_SAFE_INTEGER);
  const first = turn % Math.max(1, addresses.length);
  return [...addresses.slice(first), ...addresses.slice(0, first)];
}
