/** How what a service has stored reaches those who handle it: new versions over the durable stream, what is on record to the ledger. */
import type { Context } from "moleculer";
import { Relay } from "../events/relay.ts";
import { transportOf } from "../events/transports.ts";
import type { OwnerService } from "./owner-service.ts";
import { guarded } from "./read-actions.ts";

/** The ledger has time: what is on record goes there in larger parts. Milliseconds. */
const AUDIT_GATHER_MS = 1_000;
/** Events on record that are on their way to the ledger at once: a busy one takes its time, and what waits for it in memory is in the outbox too. */
const MAX_AUDIT_UNDER_WAY = 256;

/** Another service asks for each new version of a type, or no longer. */
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

/** The relays of a service's two outboxes: its events, and what is on record. */
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
