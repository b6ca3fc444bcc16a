/**
 * The metrics of one process, for Prometheus. Labels are names of services, actions, operations and statuses only: no ids, no patient
 * data, and no more values than the mesh has actions. Read at `/metrics` of a gateway and on METRICS_PORT (metrics-server.ts).
 */
import type { Context, ServiceBroker } from "moleculer";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { inSpan } from "./trace-context.ts";
import { middleware } from "./moleculer.ts";

/** All metrics of this process, including `nodejs_…` and `process_…`: event loop delay, memory, garbage collection. */
export const registry = new Registry();
// Resolution of the event loop delay. Each measurement wakes the process: with a tenth of this they would be most of what an idle one does.
collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 }); // milliseconds

const registers = [registry];
/** Seconds: from a read in memory to the longest wait of a caller. */
const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

const actionSeconds = new Histogram({
  name: "openward_action_seconds",
  help: "Duration of handled actions",
  labelNames: ["action"],
  buckets: SECONDS,
  registers,
});
const actionErrors = new Counter({
  name: "openward_action_errors_total",
  help: "Handled actions that failed, by class of their code (4xx, 5xx)",
  labelNames: ["action", "code"],
  registers,
});
const httpSeconds = new Histogram({
  name: "openward_http_seconds",
  help: "Time from a request's arrival to its answer, by API (fhir, api, other)",
  labelNames: ["door"],
  buckets: SECONDS,
  registers,
});
const httpAnswers = new Counter({
  name: "openward_http_answers_total",
  help: "Answers of the gateway by status",
  labelNames: ["status"],
  registers,
});
const storeSeconds = new Histogram({
  name: "openward_store_seconds",
  help: "Duration of store operations, including waiting",
  labelNames: ["service", "operation"],
  buckets: SECONDS,
  registers,
});

/** Requests that were refused because of overload. */
export const shedRequests = new Counter({ name: "openward_shed_requests_total", help: "Requests refused for lack of room", registers });
/** Calls that were repeated. */
export const retries = new Counter({
  name: "openward_retries_total",
  help: "Calls retried after a failure, by called service",
  labelNames: ["service"],
  registers,
});
/** Calls that were also sent to a second node. */
export const hedges = new Counter({
  name: "openward_hedges_total",
  help: "Calls also sent to a second node because the first was slow",
  labelNames: ["service"],
  registers,
});
/** Repetitions for which the budget was exhausted. */
export const retriesRefused = new Counter({
  name: "openward_retries_refused_total",
  help: "Calls not retried because the retry budget was used up",
  labelNames: ["service"],
  registers,
});
/** Messages that were refused. */
export const refusedPackets = new Counter({
  name: "openward_mesh_refused_packets_total",
  help: "Messages between nodes that were refused, by reason",
  labelNames: ["reason"],
  registers,
});
/** Anomalies that this process has reported. */
export const anomalies = new Counter({
  name: "openward_anomalies_total",
  help: "Anomalies reported to the journal, by kind",
  labelNames: ["kind"],
  registers,
});
/** Prepared writes whose decision their owner does not know yet. */
export const inDoubt = new Gauge({
  name: "openward_transactions_in_doubt",
  help: "Prepared writes that wait for a decision",
  labelNames: ["service"],
  registers,
});

/** Failures of a store: its disk is full or fails, its database is away. */
export const storeFailures = new Counter({
  name: "openward_store_failures_total",
  help: "Failed store operations: no room, no permission, no database",
  labelNames: ["service"],
  registers,
});

/** Events of a service that have not been relayed yet. */
export const outboxWaiting = new Gauge({
  name: "openward_outbox_waiting",
  help: "Events that wait in the outbox",
  labelNames: ["service"],
  registers,
});
/** Age of the oldest of them. */
export const outboxAge = new Gauge({
  name: "openward_outbox_oldest_seconds",
  help: "Age of the oldest event in the outbox",
  labelNames: ["service"],
  registers,
});
/** Messages of events that NATS holds for a service, which has not handled them yet. */
export const streamWaiting = new Gauge({
  name: "openward_stream_waiting",
  help: "Messages on the stream, of up to 100 events each, that the service has not handled",
  labelNames: ["service"],
  registers,
});
/** Age of the oldest of them. */
export const streamAge = new Gauge({
  name: "openward_stream_oldest_seconds",
  help: "Age of the message on the stream that the service is handling",
  labelNames: ["service"],
  registers,
});
/** Events that a service has set aside. */
export const deadLetters = new Gauge({
  name: "openward_dead_letters",
  help: "Events that could not be handled and wait for an operator",
  labelNames: ["service"],
  registers,
});

/** A gauge that is measured when metrics are read: the sum over its sources. */
function sampled(name: string, help: string): (source: () => number) => () => void {
  const sources = new Set<() => number>();
  new Gauge({
    name,
    help,
    registers,
    collect() {
      let sum = 0;
      for (const source of sources) sum += source();
      this.set(sum);
    },
  });
  return (source) => {
    sources.add(source);
    return () => sources.delete(source);
  };
}

/** Each function adds a source, and returns a function that removes it. */
export const sample = {
  bytesInFlight: sampled("openward_bytes_in_flight", "Bytes of requests and answers that the gateway holds"),
  requestsInFlight: sampled("openward_requests_in_flight", "Requests whose answers are owed"),
  commitQueue: sampled("openward_commit_queue", "Work that waits for its store"),
  slowSearches: sampled("openward_slow_searches", "Searches that take long: they run in a thread of their own, or wait for it"),
  circuitsOpen: sampled("openward_circuits_open", "Actions of nodes that are not called because they fail"),
  nodesSeen: sampled("openward_nodes_seen", "Nodes of the mesh that this one sees, itself included"),
  clockOff: sampled(
    "openward_clock_off_seconds",
    "Difference of this machine's clock from the time of the other nodes; 0 while they agree",
  ),
  membersDown: sampled("openward_members_down", "Services of the system of which no node is seen"),
};

/** The API that a URL belongs to: fhir, api or other. */
export const doorOf = (url: string): string => /^\/(fhir|api)(?=[/?]|$)/.exec(url)?.[1] ?? "other";

/** Records an answer of the gateway. @param since on the clock of `performance.now()` */
export function noteAnswer(url: string, status: number, since: number): void {
  httpAnswers.labels(String(status)).inc();
  httpSeconds.labels(doorOf(url)).observe((performance.now() - since) / 1_000);
}

/** Adds timing to the object's operations. */
export function timed<Of extends object>(service: string, operations: readonly (keyof Of & string)[], object: Of): Of {
  for (const operation of operations) {
    const own = (object[operation] as (...args: unknown[]) => Promise<unknown>).bind(object);
    const times = storeSeconds.labels(service, operation);
    const name = `${service} store.${operation}`;
    const watched = (...args: unknown[]) => {
      const begun = performance.now();
      const result = inSpan(name, () => own(...args));
      const note = () => times.observe((performance.now() - begun) / 1_000);
      result.then(note, note);
      return result;
    };
    Object.defineProperty(object, operation, { value: watched, writable: true, configurable: true });
  }
  return object;
}

const handledCalls = new WeakMap<object, { calls: number }>();

function handledOf(service: object): { calls: number } {
  const known = handledCalls.get(service) ?? { calls: 0 };
  handledCalls.set(service, known);
  return known;
}

/** Number of calls of a service on this node since it was created. */
export const callsHandledBy = (service: object): number => handledOf(service).calls;

interface Circuit {
  nodeID: string;
  action: string | { name: string };
}

/** Moleculer's middleware that measures the actions of this node, and watches its circuit breakers. */
export const MeasureActions = middleware({
  name: "MeasureActions",
  created(broker: ServiceBroker) {
    const open = new Set<string>();
    const about = ({ nodeID, action }: Circuit) => `${nodeID} ${typeof action === "string" ? action : action.name}`;
    broker.localBus.on("$circuit-breaker.opened", (circuit: Circuit) => open.add(about(circuit)));
    broker.localBus.on("$circuit-breaker.closed", (circuit: Circuit) => open.delete(about(circuit)));
    broker.localBus.on("$node.disconnected", ({ node }: { node: { id: string } }) => {
      for (const circuit of open) if (circuit.startsWith(`${node.id} `)) open.delete(circuit);
    });
    const ends = [
      sample.circuitsOpen(() => open.size),
      sample.nodesSeen(() => broker.registry.nodes.toArray().filter(({ available }: { available: boolean }) => available).length),
    ];
    broker.localBus.once("$broker.stopped", () => {
      for (const end of ends) end();
    });
  },
  localAction(next: (ctx: Context) => Promise<unknown>, { name = "", service }: { name?: string; service?: object }) {
    const times = actionSeconds.labels(name);
    const handled = handledOf(service ?? {});
    return (ctx: Context) => {
      const begun = performance.now();
      handled.calls += 1;
      const note = () => times.observe((performance.now() - begun) / 1_000);
      const result = next(ctx);
      result.then(note, (error: { code?: unknown }) => {
        note();
        actionErrors.labels(name, `${Math.floor((typeof error.code === "number" ? error.code : 500) / 100)}xx`).inc();
      });
      return result;
    };
  },
});
