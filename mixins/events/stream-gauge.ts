/** Reports to the metrics how much of the stream a service has not handled yet, and how old the message is that it works on, its oldest. */
import type { JsMsg } from "nats";
import { streamAge, streamWaiting } from "../../mesh/metrics.ts";

/** Interval between two counts, milliseconds: each is a request to NATS for each partition. */
const LOOK_MS = 10_000;

/** What a consumer has not handled yet. */
interface Backlog {
  num_pending: number;
  num_ack_pending: number;
}

/** The gauge of one service's consumers, on one node. */
export class StreamGauge {
  readonly #service: string;
  /** When the message was stored that was delivered last to this node, milliseconds since 1970, by partition; absent if it was handled. */
  readonly #inHand = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(service: string) {
    this.#service = service;
  }

  /** Starts counting. @param ask asks the consumers of all partitions */
  start(ask: () => Promise<Backlog[]>): void {
    const look = async (): Promise<void> => {
      const counts = (await ask()).map(({ num_pending, num_ack_pending }) => num_pending + num_ack_pending);
      // Another node may have handled what this one had to give back.
      for (const [partition, count] of counts.entries()) if (count === 0) this.#inHand.delete(partition);
      streamWaiting.labels(this.#service).set(counts.reduce((sum, count) => sum + count, 0));
      this.#age();
    };
    const lookOrNot = () => void look().catch(() => this.#age()); // NATS may be away, or have no consumer yet
    streamWaiting.labels(this.#service).set(0);
    lookOrNot();
    this.#timer = setInterval(lookOrNot, LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  begun(partition: number, { info }: JsMsg): void {
    this.#inHand.set(partition, info.timestampNanos / 1_000_000);
  }

  handled(partition: number): void {
    this.#inHand.delete(partition);
  }

  #age(): void {
    const oldest = Math.min(...this.#inHand.values());
    streamAge.labels(this.#service).set(Number.isFinite(oldest) ? Math.max(0, Date.now() - oldest) / 1_000 : 0);
  }
}
