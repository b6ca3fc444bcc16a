/** What a node says of itself, along with what it runs. */
import type { ServiceBroker } from "moleculer";
import { renewAnnouncement } from "./moleculer.ts";

/**
 * Has this node's next announcement (INFO) carry this under `broker.metadata`.
 *
 * With a new sequence number: others pass over the services of an announcement whose number they have, and the one in which a service was
 * added may be this one (registry.js in Moleculer 0.14, `getLocalNodeInfo`, keeps one note of what has changed).
 */
export function announceMetadata(broker: ServiceBroker, name: string, value: unknown): void {
  broker.metadata[name] = value;
  renewAnnouncement(broker);
}
