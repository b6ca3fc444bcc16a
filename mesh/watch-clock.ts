/**
 * Tells when this machine's clock is not the mesh's time (`mesh-time.ts`): in the log, in the journal of anomalies and as a metric. What nodes accept of each
 * other goes on, but times in records are the machine's, and so are the tokens that `identity` issues: with its clock an hour back, nobody can sign in.
 */
import type { BrokerOptions, ServiceBroker } from "moleculer";
import { AnomalyKind } from "./anomalies-contract.ts";
import { anomaliesOf } from "./anomalies.ts";
import { type MeshTime, meshTime } from "./mesh-time.ts";
import { sample } from "./metrics.ts";

/** Milliseconds. */
const LOOK_EVERY_MS = 10_000;
const MINUTE_MS = 60_000;

/** How far the clock is from the mesh's time, in words; undefined if it is right. */
export function clockFault(time: MeshTime): string | undefined {
  const offMs = time.offMs();
  if (offMs === 0) return undefined;
  const minutes = Math.max(1, Math.round(Math.abs(offMs) / MINUTE_MS));
  return `the clock is ${minutes} min ${offMs < 0 ? "behind" : "ahead"}`;
}

/** Moleculer's middleware that looks at the clock while the broker runs. */
export const WatchClock: NonNullable<BrokerOptions["middlewares"]>[number] = {
  name: "WatchClock",
  async started(broker: ServiceBroker) {
    let told: string | undefined;
    const look = () => {
      const subject = clockFault(meshTime);
      // Again when it changes, and when it comes back: an alarm each ten seconds would hide others.
      if (subject !== undefined && subject !== told) {
        broker.logger.warn(`Compared with the other nodes, ${subject}: set it. Until then times in records and tokens are wrong.`);
        anomaliesOf(broker).report({ kind: AnomalyKind.clockOff, subject });
      }
      told = subject;
    };
    const timer = setInterval(look, LOOK_EVERY_MS).unref();
    const end = sample.clockOff(() => Math.abs(meshTime.offMs()) / 1_000);
    broker.localBus.once("$broker.stopped", () => {
      clearInterval(timer);
      end();
    });
  },
};
