/** How stored changes leave a service: new versions as events over the durable stream, audit entries to the ledger. */
import type { Context } from "moleculer";
import { Relay } from "../events/relay.ts";
import { transportOf } from "../events/transports.ts";
import type { OwnerService } from "./owner-service.ts";
import { guarded } from "./read-actions.ts";

/** Audit entries are not urgent: they are gathered for this long and sent in larger batches. Milliseconds. */
const AUDIT_GATHER_MS = 1_000;
/** Audit events on their way to the ledger at once; more would only wait in memory, while they are safe in the outbox. */
const MAX_AUDIT_UNDER_WAY = 256;

/** Another service starts or stops watching all new versions of a type. */
export const watchingActions = {
  "fhir.watch": {
    retryPolicy: { enabled: true }, // idempotent
    handler(this: OwnerService, { params: { type, by } }: Context<{ type: string; by: string }>) {
      return guarded(this, async () => {
        await this.watched?.watch(type, by);
        return null;
      });
    },
  },
  "fhir.unwatch": {
    retryPolicy: { enabled: true }, // idempotent
    handler(this: OwnerService, { params: { type, by } }: Context<{ type: string; by: string }>) {
      return guarded(this, async () => {
        await this.watched?.unwatch(type, by);
        return null;
      });
    },
  },
};

/** The relays of a service's two outboxes: its events, and its audit entries. */
export function relaysFrom({ broker, store, logger, teller }: OwnerService): { out: Relay; audit: Relay } {
  const way = transportOf(broker);
  const relayOf = (queue: "out" | "audit") =>
    new Relay({
      store,
      queue,
      ...(queue === "audit" && { gatherMs: AUDIT_GATHER_MS, maxUnderWay: MAX_AUDIT_UNDER_WAY }),
      send: async (event, tries) => {
        if (queue === "out" && tries === 0) teller.noteEvent(event);
        await way.send(event);
        return undefined;
      },
      warn: (sentence) => logger.warn(sentence),
    });
  return { out: relayOf("out"), audit: relayOf("audit") };
}
