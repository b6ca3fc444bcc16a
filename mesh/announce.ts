/** Metadata that a node announces with its services. */
import type { ServiceBroker } from "moleculer";
import { renewAnnouncement } from "./moleculer.ts";

/**
 * Puts a value under `broker.metadata` into this node's next announcement (INFO).
 *
 * The announcement gets a new sequence number: others ignore the services of an announcement whose number they have, and one with a new
 * service may be this one (registry.js in Moleculer 0.14, `getLocalNodeInfo`, keeps one note of what has changed).
 */
export function announceMetadata(broker: ServiceBroker, name: string, value: unknown): void {
  broker.metadata[name] = value;
  renewAnnouncement(broker);
}
