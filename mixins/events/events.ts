/**
 * `Events({ handles: { "fhir.Encounter": charge } })`: what a service does when something has happened in another service. Events are
 * delivered at least once and take effect exactly once: the handler writes its result together with `effectOf(event)` in one atomic write.
 * The service needs a store (`Fhir` or `Store`).
 *
 * A service that emits writes the event together with its record (`emits` of `Fhir`, or a step `billing.charged.told(…)`); the relay of its
 * outbox publishes it to the stream. An event that cannot be handled is set aside: `SERVICE.events.dead` lists these dead letters,
 * `SERVICE.events.replay` handles one again.
 */
import { Errors, type Context, type Service, type ServiceSchema } from "moleculer";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { anomaliesOf } from "../../mesh/anomalies.ts";
import { type Action, action, defineMixin } from "../../mesh/contract.ts";
import type { Store } from "../../store/store.ts";
import { type DeadLetter, EventConsumer, LONGEST_STREAM_PAUSE_MS } from "./consumer.ts";
import { type DurableEvent, eventFrom, withoutOverlap } from "./event.ts";
import { TRIES_BEFORE_LATE } from "./late-events.ts";
import { Relay } from "./relay.ts";
import { addRelays } from "./relays.ts";
import { transportOf } from "./transports.ts";

/** Most dead letters in one answer. */
const MAX_LISTED = 1_000;
/** Lease of the node that carries out a service's tasks, or handles its late events, unless renewed, milliseconds. */
const LEASE_MS = 5_000;
/** Records whose late events are handled at the same time: what they have waited for has just come back. */
const LATE_AT_ONCE = 32;

type Handler<Gains> = (this: Service & Gains, event: DurableEvent<never>) => Promise<void>;

/** Options of the mixin. */
export interface EventsOptions<Gains> {
  /** Handlers by event name; `fhir.*` handles every `fhir.…`. An event whose handler fails is retried and, after some tries, set aside. */
  handles?: Record<string, Handler<Gains>>;
  /** Handlers of the tasks that the service has written for itself (`task`), by name; one of its nodes carries them out. */
  tasks?: Record<string, Handler<Gains>>;
}

/** State of a service's events. */
export interface EventsState {
  /** Events in the outbox, and when the oldest was written (milliseconds since 1970). */
  waiting: number;
  oldest?: number;
  /** Dead letters, counted up to 1,000. */
  dead: number;
}

/** A dead letter as administrators see it: ids only, as the messages of internal errors may contain patient data. Operators see those. */
export interface ListedLetter {
  id: string;
  event: string;
  /** The record that the event is about: `Encounter/1`. */
  key: string;
  /** Type of the error; absent for an internal error. */
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

/** The operators' actions of a service that handles events. */
export const eventsOf = (service: string) => {
  const declare = <Params, Result>(name: string): Action<Params, Result> => action(`${service}.events.${name}`);
  return {
    /** Dead letters, 1,000 at most. */
    dead: declare<Record<string, never>, DeadLetter[]>("dead"),
    /** Dead letters for administrators, ids only. */
    listDead: declare<Record<string, never>, ListedLetter[]>("listDead"),
    /** Handles a dead letter again, now. @throws 404 DEAD_LETTER_NOT_FOUND, and what the handler throws */
    replay: declare<{ id: string }, null>("replay"),
    state: declare<Record<string, never>, EventsState>("state"),
  };
};

/** 404: there is no dead letter with this id. */
const deadLetterNotFound = (id: string) =>
  new Errors.MoleculerClientError("There is no dead letter with this id.", 404, "DEAD_LETTER_NOT_FOUND", { id });

type Own = { store: Store; consumer: EventConsumer };

/** The mixin: handles the named events and tasks, each with effect exactly once. */
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
    // Published so that other nodes know what this replica handles while an older version runs beside it.
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
      if (Object.keys(tasks).length > 0) addRelays(this, taskRelay(this));
      if (Object.keys(handles).length > 0) addRelays(this, lateRelay(this)); // also in one process: a cluster may have left some
    },

    async stopped(this: This) {
      this.consumer.stop();
      await transportOf(this.broker).stop(this.name);
    },
  });
}

/** Whether it is this node's turn: one node of a service at a time has the lease of this name. */
function leased({ broker, store }: Service & Own, name: string): () => Promise<boolean> {
  let until = 0;
  return async () => {
    if (transportOf(broker).isLocal || performance.now() < until - LEASE_MS / 2) return true;
    const asked = performance.now();
    const isTaken = await store.lease(name, broker.nodeID, LEASE_MS);
    until = isTaken ? asked + LEASE_MS : 0;
    return isTaken;
  };
}

/** Tasks are carried out by one node at a time. */
function taskRelay(service: Service & Own): Relay {
  const { store, consumer, logger } = service;
  const relay = new Relay({
    store,
    queue: "own",
    send: (event, tries) => consumer.attempt(eventFrom(event), tries),
    isOurs: leased(service, "lease/tasks"),
    warn: (sentence) => logger.warn(sentence),
  });
  relay.kick();
  return relay;
}

/** Late events are handled by one node at a time. */
function lateRelay(service: Service & Own): Relay {
  const { store, consumer, logger } = service;
  const hasLease = leased(service, "lease/late");
  const relay = new Relay({
    store,
    queue: "late",
    maxUnderWay: LATE_AT_ONCE,
    send: (event, tries) => consumer.attempt(eventFrom(event), tries + TRIES_BEFORE_LATE, LONGEST_STREAM_PAUSE_MS),
    // There are none nearly always, and a lease is a write.
    isOurs: async () => (await store.outbox("late", 1)).length > 0 && (await hasLease()),
    warn: (sentence) => logger.warn(sentence),
  });
  relay.kick();
  return relay;
}
