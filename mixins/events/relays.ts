/** The relays of a service: each hears of every write, and ends with the service. */
import type { Service } from "moleculer";
import type { Relay } from "./relay.ts";

const known = new WeakMap<Service, Relay[]>();

/** Those of one service; a mixin adds its own. */
export function relaysOf(service: Service): Relay[] {
  const relays = known.get(service) ?? [];
  known.set(service, relays);
  return relays;
}
