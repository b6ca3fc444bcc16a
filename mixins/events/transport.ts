/** What a way of events from the services that have written them to those that handle them does. */
import type { WaitingEvent } from "../../store/writes.ts";
import type { EventConsumer } from "./consumer.ts";

/** A way of events, of one broker. */
export interface EventTransport {
  /** Resolves when the event is safe: it will reach each service that handles it. */
  send(event: WaitingEvent): Promise<void>;
  /** A service handles these events (`fhir.*`: each `fhir.…`); called before the broker starts. */
  register(service: string, events: string[], consumer: EventConsumer): void;
  /** The registered service can handle events from now on. */
  start(service: string): void;
  /** It can no longer. */
  stop(service: string): Promise<void>;
  /** All services are in this process. */
  readonly isLocal: boolean;
}
