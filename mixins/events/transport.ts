/** Interface of a transport that brings events from the services that emit them to those that handle them. */
import type { WaitingEvent } from "../../store/writes.ts";
import type { EventConsumer } from "./consumer.ts";

/** Transport of one broker's events. */
export interface EventTransport {
  /** Resolves when the event is safely stored: each service that handles it will receive it. */
  send(event: WaitingEvent): Promise<void>;
  /** Registers the events that a service handles (`fhir.*`: every `fhir.…`). Called before the broker starts. */
  register(service: string, events: string[], consumer: EventConsumer): void;
  /** From now on the registered service can handle events. */
  start(service: string): void;
  /** From now on it cannot. */
  stop(service: string): Promise<void>;
  /** Whether all services are in this process. */
  readonly isLocal: boolean;
}
