/** Tells the metrics how much waits in the outbox of a service, and for how long: it should be next to nothing. */
import { outboxAge, outboxWaiting } from "../../mesh/metrics.ts";
import type { Store } from "../../store/store.ts";

/** One count of a table that is almost empty. Milliseconds. */
const LOOK_MS = 5_000;

/** Looks from now on. @returns what ends it */
export function gaugeOutbox(service: string, store: Pick<Store, "outboxState">): () => void {
  const look = async (): Promise<void> => {
    const { waiting, oldest } = await store.outboxState();
    outboxWaiting.labels(service).set(waiting);
    outboxAge.labels(service).set(oldest === undefined ? 0 : Math.max(0, Date.now() - oldest) / 1_000);
  };
  const lookOrNot = () => void look().catch(() => {}); // a store that is away for a moment
  lookOrNot();
  const timer = setInterval(lookOrNot, LOOK_MS).unref();
  return () => clearInterval(timer);
}
