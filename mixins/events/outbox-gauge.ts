/** Reports to the metrics how many events wait in a service's outbox and how long, and how many were set aside; all should be close to zero. */
import { deadLetters, outboxAge, outboxWaiting } from "../../mesh/metrics.ts";
import type { Store } from "../../store/store.ts";
import { DEAD } from "./consumer.ts";

/** Interval between two counts, of tables that are almost empty. Milliseconds. */
const LOOK_MS = 5_000;

/** Starts counting. @returns a function that stops it */
export function gaugeOutbox(service: string, store: Pick<Store, "outboxState" | "usage">): () => void {
  const look = async (): Promise<void> => {
    const { waiting, oldest } = await store.outboxState();
    outboxWaiting.labels(service).set(waiting);
    outboxAge.labels(service).set(oldest === undefined ? 0 : Math.max(0, Date.now() - oldest) / 1_000);
    deadLetters.labels(service).set((await store.usage(DEAD)).count);
  };
  const lookOrNot = () => void look().catch(() => {}); // the store may be briefly unavailable
  lookOrNot();
  const timer = setInterval(lookOrNot, LOOK_MS).unref();
  return () => clearInterval(timer);
}
