/** The relays of a service: each is told about every write and stops with the service. */
import type { Service } from "moleculer";
import type { Relay } from "./relay.ts";

const known = new WeakMap<Service, Relay[]>();

/** The relays of one service; mixins add their own. */
export function relaysOf(service: Service): Relay[] {
  const relays = known.get(service) ?? [];
  known.set(service, relays);
  return relays;
}
