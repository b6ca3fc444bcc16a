/** Options of the broker: our choices instead of Moleculer's defaults, each with its reason. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { BrokerOptions, ServiceBroker } from "moleculer";
import { type Config, NAMESPACE } from "./mesh/config.ts";
import { knowAccess } from "./mesh/access/know-access.ts";
import { ReportAnomalies } from "./mesh/anomalies.ts";
import { NoteBegunWork } from "./mesh/begun-work.ts";
import { KnowCurrentCall } from "./mesh/access/current-call.ts";
import { cacher } from "./mesh/cache.ts";
import { CircuitBreaker } from "./mesh/circuit-breaker.ts";
import { CallTimeout } from "./mesh/call-timeout.ts";
import { KnowKeyedRequest } from "./mesh/keyed-request.ts";
import { placeOfData } from "./mesh/common-settings.ts";
import { CompareSettings } from "./mesh/compare-settings.ts";
import { KeepDeadlines } from "./mesh/deadline.ts";
import { consoleLogger } from "./mesh/log.ts";
import { MeshDiscoverer } from "./mesh/discoverer.ts";
import { TellMachineLoad } from "./mesh/machine-load.ts";
import { MeasureActions } from "./mesh/metrics.ts";
import { ServeMetrics } from "./mesh/metrics-server.ts";
import { Retry } from "./mesh/retry.ts";
import { traceCalls } from "./mesh/trace-context.ts";
import { TextSerializer } from "./mesh/serializer.ts";
import { randomId } from "./mesh/random-id.ts";
import { newNode, type OwnNode } from "./mesh/trust/hello.ts";
import type { MeshKeys } from "./mesh/trust/key-files.ts";
import { keysFor } from "./mesh/trust/node-keys.ts";
import { watchRenewal } from "./mesh/trust/renewal.ts";
import { ParamsValidator } from "./mesh/params.ts";
import { MeshTransporter } from "./mesh/transporter.ts";
import { WatchClock } from "./mesh/watch-clock.ts";
import { AvoidSilent, WatchLiveness } from "./mesh/watch-liveness.ts";

/** Longest time that a caller waits, milliseconds; calls made by the handler get what is left of it. */
const REQUEST_TIMEOUT_MS = 10_000;

/** The roles that come with the project. */
const ROLES = join(import.meta.dirname, "services/identity/roles");

const CIRCUIT_BREAKER: BrokerOptions["circuitBreaker"] = {
  enabled: true,
  threshold: 0.5, // half of the calls fail
  minRequestCount: 20, // so that it is not by chance
  windowTime: 10, // seconds; older failures are forgotten
  halfOpenTime: 2_000, // milliseconds; a restarted service needs about one second
};

const BULKHEAD: BrokerOptions["bulkhead"] = {
  enabled: true,
  concurrency: 256, // calls of one action at once; a store answers some thousand per second, so these are 100 ms of work
  maxQueueSize: 1_024, // then 429 at once: waiting longer than half a second helps no caller
};

/** The options of the broker of one process. */
export function brokerOptions(config: Config): BrokerOptions {
  const only = config.services?.length === 1 ? config.services[0] : undefined;
  const name = config.nodeId ?? only ?? config.system;
  // A new node id at every start: circuit breakers remember the endpoints of a dead process and would keep its successor shut out.
  const keys = keysFor(config);
  const own = newNode(name, keys.signer);
  const nodeID = own.id;
  return {
    // Of two processes of a service, the one that started later tells what it owns (federation/directory.ts).
    metadata: { startedAt: Date.now() },
    // A hospital and its ministry may share a NATS without receiving each other's messages; so may two hospitals.
    namespace: `${NAMESPACE}-${config.system}-${meshName(config)}`,
    nodeID,
    uidGenerator: randomId,
    logger: consoleLogger(config.logLevel, config.logFormat),

    ...(config.natsUrl && { transporter: transporterOf(config, config.natsUrl, keys, own) }),
    serializer: new TextSerializer(), // resources are sent as they are, not as JSON inside JSON
    transit: {
      maxQueueSize: 10_000, // this node's calls that wait for answers; more is overload, and refused
      serviceChangedDebounceTime: 20, // milliseconds; with the default, 1 s, a new service would get no calls for so long
    } as BrokerOptions["transit"],
    registry: {
      // Besides NATS's own announcements, for nodes that hang without dying (mesh/liveness.ts).
      discoverer: new MeshDiscoverer(),
      strategy: AvoidSilent, // round robin, as replicas are alike; one that hangs gets no new calls
      preferLocal: true, // in one process, or for a gateway beside a service: no calls over the network
      stopDelay: 150, // milliseconds between leaving the registry and refusing calls: calls on their way still arrive
    },

    requestTimeout: REQUEST_TIMEOUT_MS,
    // Moleculer's own retries are off (`retries: 0`): mesh/retry.ts reads `retryPolicy.enabled` of an action,
    // pauses with jitter and keeps the deadline of the call.
    retryPolicy: { enabled: false, retries: 0, delay: 0, maxDelay: 0, factor: 1 },
    middlewares: [...middlewaresOf(config, keys), ...MOLECULERS],
    internalMiddlewares: false, // MOLECULERS lists those that are used: each of the others costs every call a promise
    dependencyInterval: 50, // milliseconds between two checks for a service that is waited for; default 1 s
    maxCallLevel: 16, // the deepest real chain is 5; more is a loop

    circuitBreaker: CIRCUIT_BREAKER,
    bulkhead: BULKHEAD,
    // A node that stops finishes the calls that it has begun; a handler cannot run longer than its caller waits.
    tracking: { enabled: true, shutdownTimeout: REQUEST_TIMEOUT_MS },

    validator: new ParamsValidator(),
    cacher: cacher(config.redisUrl, config.serversCaFile),
    contextParamsCloning: false, // handlers do not write to their params; cloning costs more than most calls
    metrics: false,
    tracing: false,
    internalServices: false, // `$node.options` would show the transporter's password to any caller
    started: async (broker: ServiceBroker) => {
      watchRenewal(broker, keys.certificate);
      const transporter = broker.transit?.tx;
      if (transporter instanceof MeshTransporter) await transporter.announce();
    },
    skipProcessEventRegistration: true, // scripts/serve.ts handles signals
  };
}

type Middlewares = NonNullable<BrokerOptions["middlewares"]>;

/** The first one is the innermost: its part of a call begins last and ends first. Moleculer's own are outside of all of them. */
const middlewaresOf = (config: Config, keys: MeshKeys): Middlewares => [
  knowAccess(config, keys, ROLES),
  Retry,
  WatchLiveness,
  TellMachineLoad,
  ReportAnomalies,
  WatchClock,
  CompareSettings(config),
  NoteBegunWork,
  KnowKeyedRequest,
  KnowCurrentCall,
  MeasureActions,
  KeepDeadlines,
  ServeMetrics(config),
  ...traceCalls(config),
];

/** Moleculer's own, in its order; without retries, fallbacks, metrics and tracing, which are off, and with our timeout and circuit breaker in place of its. */
const MOLECULERS: Middlewares = [
  "ActionHook",
  "Validator",
  "Bulkhead",
  "Cacher",
  "ContextTracker",
  CircuitBreaker,
  CallTimeout,
  "ErrorHandler",
];

/** Connects this process to others. A single process needs none: all calls are function calls. */
const transporterOf = (config: Config, natsUrl: string, keys: MeshKeys, own: OwnNode) =>
  new MeshTransporter({
    natsUrl,
    keys,
    own,
    ...(config.natsNkeyFile && { nkeyFile: config.natsNkeyFile }),
    ...(config.serversCaFile && { caFile: config.serversCaFile }),
    ...(config.natsDisconnectSubject && { disconnectSubject: config.natsDisconnectSubject }),
  });

/** Two meshes have two places for their data, which tells them apart, whatever their configuration. */
const meshName = (config: Config): string => config.meshName ?? createHash("sha256").update(placeOfData(config)).digest("hex").slice(0, 12);
