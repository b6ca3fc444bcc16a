/** The relays of a service: each is told about every write and stops with the service. */
import type { Service } from "moleculer";
import type { Relay } from "./relay.ts";

const known = new WeakMap<Service, { relays: Relay[]; isStopped: boolean }>();

function ownOf(service: Service): { relays: Relay[]; isStopped: boolean } {
  const own = known.get(service) ?? { relays: [], isStopped: false };
  known.set(service, own);
  return own;
}

/** The relays of one service. */
export const relaysOf = (service: Service): readonly Relay[] => ownOf(service).relays;

/** Adds relays of a mixin. Where another service could not start, this one may have been stopped while it was starting: then they stop at once. */
export function addRelays(service: Service, ...relays: Relay[]): void {
  const own = ownOf(service);
  own.relays.push(...relays);
  if (own.isStopped) for (const relay of relays) void relay.stop();
}

/** Stops the relays of a service, and those that are added later. */
export async function stopRelays(service: Service): Promise<void> {
  const own = ownOf(service);
  own.isStopped = true;
  await Promise.all(own.relays.map((relay) => relay.stop()));
}
