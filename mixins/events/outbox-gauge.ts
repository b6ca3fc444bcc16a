/** Reports to the metrics how many events wait in a service's outbox and how long; both should be close to zero. */
import { outboxAge, outboxWaiting } from "../../mesh/metrics.ts";
import type { Store } from "../../store/store.ts";

/** Interval between two counts, of a table that is almost empty. Milliseconds. */
const LOOK_MS = 5_000;

/** Starts counting. @returns a function that stops it */
export function gaugeOutbox(service: string, store: Pick<Store, "outboxState">): () => void {
  const look = async (): Promise<void> => {
    const { waiting, oldest } = await store.outboxState();
    outboxWaiting.labels(service).set(waiting);
    outboxAge.labels(service).set(oldest === undefined ? 0 : Math.max(0, Date.now() - oldest) / 1_000);
  };
  const lookOrNot = () => void look().catch(() => {}); // the store may be briefly unavailable
  lookOrNot();
  const timer = setInterval(lookOrNot, LOOK_MS).unref();
  return () => clearInterval(timer);
}
