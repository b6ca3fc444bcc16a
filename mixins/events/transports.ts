/** The two transports of events: function calls within one process, and NATS JetStream. */
import type { ServiceBroker } from "moleculer";
import type { WaitingEvent } from "../../store/writes.ts";
import { MeshTransporter } from "../../mesh/transporter.ts";
import type { EventConsumer } from "./consumer.ts";
import { eventFrom } from "./event.ts";
import { JetStreamTransport } from "./jetstream.ts";
import type { EventTransport } from "./transport.ts";

/** Within one process: an event leaves the outbox once each service that handles it has done so or has set it aside. */
class LocalTransport implements EventTransport {
  readonly isLocal = true;
  readonly #consumers = new Map<string, EventConsumer>();

  async send(waiting: WaitingEvent): Promise<void> {
    const consumers = [...this.#consumers.values()].filter((consumer) => consumer.handles(waiting.subject));
    if (consumers.length === 0) return;
    const event = eventFrom(waiting);
    await Promise.all(consumers.map((consumer) => consumer.deliver(event)));
  }

  register(service: string, _: string[], consumer: EventConsumer): void {
    this.#consumers.set(service, consumer);
  }

  start(): void {}

  async stop(): Promise<void> {}
}

const known = new WeakMap<ServiceBroker, EventTransport>();

/** The transport of a broker's events: NATS JetStream, or function calls where there is no NATS. */
export function transportOf(broker: ServiceBroker): EventTransport {
  const transporter = broker.transit?.tx;
  const made =
    known.get(broker) ?? (transporter instanceof MeshTransporter ? new JetStreamTransport(broker, transporter) : new LocalTransport());
  known.set(broker, made);
  return made;
}
