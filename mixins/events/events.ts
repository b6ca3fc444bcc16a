/**
 * `Events({ handles: { "fhir.Encounter": charge } })`: what a service does when something has happened elsewhere, at least once on the
 * wire and once in effect: the handler writes what follows and `effectOf(event)` in one atomic write. The service has a store (`Fhir`, `Store`).
 *
 * Who emits writes the event with its record (`emits` of `Fhir`, or a step `billing.charged.told(…)`); the relay of its outbox brings it to
 * the stream. An event that cannot be handled is set aside: `SERVICE.events.dead` lists these, `SERVICE.events.replay` handles one again.
 */
import { Errors, type Context, type Service, type ServiceSchema } from "moleculer";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { anomaliesOf } from "../../mesh/anomalies.ts";
import { type Action, action, defineMixin } from "../../mesh/contract.ts";
import type { Store } from "../../store/store.ts";
import { type DeadLetter, EventConsumer } from "./consumer.ts";
import { type DurableEvent, eventFrom, withoutOverlap } from "./event.ts";
import { Relay } from "./relay.ts";
import { relaysOf } from "./relays.ts";
import { transportOf } from "./transports.ts";

/** Dead letters in one answer. */
const MAX_LISTED = 1_000;
/** Lease of the node that carries out the tasks of a service, unless it is renewed, milliseconds. */
const LEASE_MS = 5_000;

type Handler<Gains> = (this: Service & Gains, event: DurableEvent<never>) => Promise<void>;

/** What a service handles. */
export interface EventsOptions<Gains> {
  /** By the event's name; `fhir.*` handles each `fhir.…`. A handler that fails is tried again, after a while set aside. */
  handles?: Record<string, Handler<Gains>>;
  /** What the service has written down for itself (`task`), by name: one of its nodes does it. */
  tasks?: Record<string, Handler<Gains>>;
}

/** How a service is doing with its events. */
export interface EventsState {
  /** Events in its outbox, and when the oldest was written (milliseconds since 1970). */
  waiting: number;
  oldest?: number;
  /** Events set aside, counted up to 1,000. */
  dead: number;
}

/** A dead letter as an administrator sees it, by ids: what an error of ours says may be about a patient, and stays with the operator. */
export interface ListedLetter {
  id: string;
  event: string;
  /** The record that it is about: `Encounter/1`. */
  key: string;
  /** Type of the error; absent: an error of ours. */
  type?: string;
  code?: number;
  tries: number;
  at: string; // ISO 8601, UTC
}

const listedFrom = ({ event: { id, event, key }, reason: { type, code }, tries, at }: DeadLetter): ListedLetter => ({
  id,
  event,
  key,
  ...(type !== undefined && { type }),
  ...(code !== undefined && { code }),
  tries,
  at: new Date(at).toISOString(),
});

/** The operator's actions of a service that handles events. */
export const eventsOf = (service: string) => {
  const declare = <Params, Result>(name: string): Action<Params, Result> => action(`${service}.events.${name}`);
  return {
    /** Events that were set aside, 1,000 at most. */
    dead: declare<Record<string, never>, DeadLetter[]>("dead"),
    /** The same for an administrator, by ids. */
    listDead: declare<Record<string, never>, ListedLetter[]>("listDead"),
    /** Handles one again, now. @throws 404 DEAD_LETTER_NOT_FOUND, and what the handler throws */
    replay: declare<{ id: string }, null>("replay"),
    state: declare<Record<string, never>, EventsState>("state"),
  };
};

/** 404: no event with this id was set aside. */
const deadLetterNotFound = (id: string) =>
  new Errors.MoleculerClientError("No event with this id was set aside here.", 404, "DEAD_LETTER_NOT_FOUND", { id });

type Own = { store: Store; consumer: EventConsumer };

/** The mixin: handles events and tasks of these names, each once in effect. */
export function Events<Gains>({ handles = {}, tasks = {} }: EventsOptions<Gains>): Partial<ServiceSchema> {
  type This = Service & Own;
  const handlersOf = (service: This) =>
    Object.fromEntries(
      Object.entries({ ...handles, ...tasks }).map(([name, handler]) => [
        name,
        (event: DurableEvent) => (handler as Handler<unknown>).call(service, event as DurableEvent<never>),
      ]),
    );

  return defineMixin<Own>({
    // So that other nodes know what this replica handles, while an older one runs beside it.
    ...(Object.keys(handles).length > 0 && { metadata: { events: { handles: withoutOverlap(Object.keys(handles)) } } }),

    actions: {
      "events.dead": {
        handler(this: This) {
          return this.consumer.dead(MAX_LISTED);
        },
      },
      "events.listDead": {
        rest: "GET",
        summary: "Events that this service could not handle and has set aside",
        params: { $$strict: true },
        async handler(this: This): Promise<ListedLetter[]> {
          return (await this.consumer.dead(MAX_LISTED)).map(listedFrom);
        },
      },
      "events.replay": {
        rest: "POST",
        summary: "Handle an event again that was set aside",
        params: { id: { type: "string", min: 1, max: 300 }, $$strict: true },
        async handler(this: This, { params: { id } }: Context<{ id: string }>) {
          if (!(await this.consumer.replay(id))) throw deadLetterNotFound(id);
          return null;
        },
      },
      "events.state": {
        async handler(this: This): Promise<EventsState> {
          return { ...(await this.store.outboxState()), dead: (await this.consumer.dead(MAX_LISTED)).length };
        },
      },
    },

    created(this: This) {
      this.consumer = new EventConsumer({
        handlers: handlersOf(this),
        store: () => this.store,
        onDead: ({ event, reason, tries }) => {
          this.logger.error(
            `${event.event} ${event.id} is set aside after ${tries} tries (${reason.type ?? "an error of ours"}): see \`dead\`.`,
          );
          anomaliesOf(this.broker).report({ kind: AnomalyKind.deadLetter, subject: `${this.name}: ${event.event}` });
        },
      });
      transportOf(this.broker).register(this.name, withoutOverlap(Object.keys(handles)), this.consumer);
    },

    started(this: This) {
      this.consumer.start();
      transportOf(this.broker).start(this.name);
      if (Object.keys(tasks).length > 0) relaysOf(this).push(taskRelay(this));
    },

    async stopped(this: This) {
      this.consumer.stop();
      await transportOf(this.broker).stop(this.name);
    },
  });
}

/** Tasks are done by one node at a time. */
function taskRelay(service: Service & Own): Relay {
  const { broker, store, consumer, logger } = service;
  let until = 0;
  const isOurs = async (): Promise<boolean> => {
    if (transportOf(broker).isLocal || performance.now() < until - LEASE_MS / 2) return true;
    const asked = performance.now();
    const isTaken = await store.lease("lease/tasks", broker.nodeID, LEASE_MS);
    until = isTaken ? asked + LEASE_MS : 0;
    return isTaken;
  };
  const relay = new Relay({
    store,
    queue: "own",
    send: (event, tries) => consumer.attempt(eventFrom(event), tries),
    isOurs,
    warn: (sentence) => logger.warn(sentence),
  });
  relay.kick();
  return relay;
}
