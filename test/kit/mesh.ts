/** Starts a whole mesh for a test, on a data folder and ports of its own: real processes, or brokers in this process. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo, Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CallingOptions, ServiceBroker } from "moleculer";
import { readConfig } from "../../mesh/config.ts";
import { deploy } from "../../federation/membership.ts";
import { brokerOptions } from "../../moleculer.config.ts";
import { type Server, startMongo, startNats, startNatsCluster, startRedis } from "../../scripts/servers.mjs";
import { deploymentOf, loadServices } from "../../services/systems.ts";
import { withTakenOver } from "./taken-over.ts";

export interface MeshOptions {
  /** Names of the services to run. */
  services: string[];
  /** Nodes per service; default 1. */
  replicas?: Record<string, number>;
  /** Default "sqlite". "mongo": the server in MONGO_URL, else the stand-in; with a database of its own. */
  store?: "sqlite" | "mongo";
  /**
   * Default true: the server in NATS_URL, else one of its own. All meshes on one server form one mesh, so a given server is for tests that run one after
   * the other. Without NATS all services are one node.
   */
  nats?: boolean;
  /** Three servers of NATS instead of one. */
  hasNatsCluster?: boolean;
  /** A Redis of its own, for caches. */
  hasRedis?: boolean;
  /** "process" (default): each node is a process, which can be killed. "broker": nodes in this process, which start faster. */
  split?: "process" | "broker";
  /**
   * With brokers in this process over NATS: services that are separate processes, to be killed. All others without `replicas` are then one node: many
   * brokers in one process take long to discover each other.
   */
  apart?: string[];
  /** Further settings of the nodes. */
  env?: Record<string, string>;
  /** An existing data folder, which is kept; default: a new one, deleted in the end. */
  dataDir?: string;
  /** Receives the output of the processes; default: the test's own output. */
  log?(text: string): void;
  /** All nodes start at once, including gateways, as after a power cut. */
  isAtOnce?: boolean;
}

export interface MeshNode {
  /** The services that it runs. */
  services: string[];
  nodeId: string;
  /** 0 for a broker in this process. */
  pid: number;
  /** When it began to serve, of `performance.now()`. */
  since: number;
  /** Address of the gateway, if this node runs one. */
  url?: string;
  /** Stops it gracefully, like a signal. */
  stop(): Promise<void>;
  /** SIGKILL; only for processes. */
  kill(): Promise<void>;
  /** Makes it kill itself at the count-th occurrence of a point (test/kit/crashing.ts); only for processes that can crash. */
  crashAt?(point: string, count: number): Promise<void>;
  /** Sets its clock this far from the machine's, milliseconds; only for processes with a settable clock (test/kit/shifted-clock.ts). */
  setClock?(byMs: number): Promise<void>;
  /** Resolves when the process has ended, for any reason; never for a broker in this process. */
  ended: Promise<unknown>;
}

export interface Mesh {
  /** Address of the first gateway; "" without one. */
  base: string;
  dataDir: string;
  /** Settings of its nodes, as environment variables. */
  settings: Record<string, string>;
  /** Running nodes. */
  nodes: MeshNode[];
  /** A broker in this process that belongs to the mesh, for contracts: `visits.open(mesh.caller, …)`. */
  caller: ServiceBroker;
  call<Result>(action: string, params?: object, options?: CallingOptions): Promise<Result>;
  /** Adds a node, a process with settings of its own; resolves when the caller can reach it. */
  add(service: string, env?: Record<string, string>): Promise<MeshNode>;
  /** Kills the first node of a service; resolves when the caller knows. */
  kill(service: string): Promise<void>;
  /** The mesh's own server; undefined if another was given. A test that kills it sets the next one here. */
  nats: Server | undefined;
  /** The mesh's own Redis, if it has one. */
  redis: Server | undefined;
  /** Its three servers, if it has a cluster. */
  natsCluster: Awaited<ReturnType<typeof startNatsCluster>> | undefined;
  stop(): Promise<void>;
}

/** Starts nodes of these services; resolves when the caller can reach all of them. */
export async function startMesh(asked: MeshOptions): Promise<Mesh> {
  const options = { ...asked, services: withTakenOver(asked.services) };
  const { nats: withNats = true, split = "process" } = options;
  if (!withNats && split === "process") throw new Error('A process without NATS cannot be called from a test: use split: "broker".');
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "openward-test-"));
  const servers = await startServers(options, dataDir);
  const env = settingsOf(options, dataDir, servers);
  // Stores read the settings of their process; for nodes in this process, these are this process's.
  const before = split === "broker" ? swapEnv({ MONGO_URL: "", NATS_URL: "", ...env }) : undefined;
  const start: StartNode = (names, more = {}) =>
    split === "process" || names.some((name) => options.apart?.includes(name))
      ? startProcess(names, { ...env, ...more }, options.log)
      : startBroker(names, { ...env, ...more });
  const nodes: MeshNode[] = [];
  const end = async ({ nats, redis }: Pick<Servers, "nats" | "redis">) => {
    const { natsCluster, mongo } = servers;
    await Promise.all([nats?.stop(), ...(natsCluster?.servers.map((server) => server.stop()) ?? []), mongo?.stop(), redis?.stop()]);
    before?.();
  };
  const caller = await (withNats ? joinedNodes(options, env, start, nodes) : onlyNode(options.services, env, nodes)).catch(
    async (error) => {
      await Promise.all(nodes.map((node) => node.stop()));
      await end(servers);
      throw error;
    },
  );
  const mesh: Mesh = {
    base: nodes.find((node) => node.url)?.url ?? "",
    dataDir,
    settings: env,
    nodes,
    caller,
    nats: servers.nats,
    natsCluster: servers.natsCluster,
    redis: servers.redis,
    call: (action, params = {}, calling = {}) => caller.call(action, params, calling),
    async add(service, more) {
      const node = await start([service], more);
      nodes.push(node);
      while (!hasServices(caller, node.nodeId)) await heard(caller, "$services.changed");
      return node;
    },
    kill: (service) => killFirst(service, nodes, caller),
    async stop() {
      // In this order, so that running nodes get no new work: gateways first, the caller last.
      await Promise.all(nodes.filter((node) => node.url).map((node) => node.stop()));
      await Promise.all(nodes.filter((node) => !node.url).map((node) => node.stop()));
      await caller.stop();
      await end(mesh);
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return mesh;
}

type StartNode = (services: string[], env?: Record<string, string>) => Promise<MeshNode>;

interface Servers {
  nats: Server | undefined;
  natsCluster: Awaited<ReturnType<typeof startNatsCluster>> | undefined;
  mongo: Awaited<ReturnType<typeof mongoUrl>> | undefined;
  redis: Server | undefined;
}

/** The mesh's own servers. */
async function startServers({ nats: withNats = true, hasNatsCluster, hasRedis, store }: MeshOptions, dataDir: string): Promise<Servers> {
  const [nats, natsCluster, mongo, redis] = await Promise.all([
    withNats && !process.env["NATS_URL"] && !hasNatsCluster ? startNats({ dir: join(dataDir, "nats") }) : undefined,
    hasNatsCluster ? startNatsCluster({ dir: join(dataDir, "nats") }) : undefined,
    store === "mongo" ? mongoUrl(dataDir) : undefined,
    hasRedis ? startRedis({ dir: join(dataDir, "redis") }) : undefined,
  ]);
  return { nats, natsCluster, mongo, redis };
}

function settingsOf({ services, nats: withNats = true, env }: MeshOptions, dataDir: string, { nats, natsCluster, mongo, redis }: Servers) {
  return {
    DATA_DIR: dataDir,
    PORT: "0",
    LOG_LEVEL: "error",
    ACCESS: "open",
    MEMBERS: [...new Set(services)].join(","),
    ...(withNats && { NATS_URL: natsCluster?.servers.map(({ url }) => url).join(",") ?? nats?.url ?? process.env["NATS_URL"] ?? "" }),
    ...(mongo && { MONGO_URL: mongo.url }),
    ...(redis && { REDIS_URL: redis.url }),
    ...env,
  };
}

/** All services in one node, whose broker is the caller. */
async function onlyNode(services: string[], env: Record<string, string>, nodes: MeshNode[]): Promise<ServiceBroker> {
  const only = await startBroker(services, env);
  nodes.push(only);
  return only.broker;
}

/** Nodes joined by NATS, and a caller that knows all of them. @param nodes receives each node once it runs */
async function joinedNodes(
  { services, apart, isAtOnce, replicas = {} }: MeshOptions,
  env: Record<string, string>,
  start: StartNode,
  nodes: MeshNode[],
): Promise<ServiceBroker> {
  const isAlone = (name: string) => apart?.includes(name) !== false || name in replicas;
  const alone = services.filter(isAlone).flatMap((name) => Array.from({ length: replicas[name] ?? 1 }, () => [name]));
  const rest = services.filter((name) => !isAlone(name));
  const wanted = rest.length > 0 ? [rest, ...alone] : alone;
  // Gateways and the caller come last, so that the mesh is complete when they join.
  const [last, first] = isAtOnce
    ? [[], wanted]
    : [wanted.filter((names) => names.includes("api")), wanted.filter((names) => !names.includes("api"))];
  for (const some of [first, last]) nodes.push(...(await Promise.all(some.map((names) => start(names)))));
  const caller = new ServiceBroker(brokerOptions(readConfig({ ...env, NODE_ID: "test" })));
  await caller.start();
  // On a busy machine some nodes answer late to one that joins.
  const died = nodes.map(({ nodeId, ended }) =>
    ended.then(() => {
      throw new Error(`${nodeId} ended before all knew of it.`);
    }),
  );
  for (const one of died) one.catch(() => {}); // later they may end
  while (!nodes.every(({ nodeId }) => hasServices(caller, nodeId))) await Promise.race([heard(caller, "$services.changed"), ...died]);
  return caller;
}

async function killFirst(service: string, nodes: MeshNode[], caller: ServiceBroker): Promise<void> {
  const index = nodes.findIndex((node) => node.services.includes(service));
  const [node] = nodes.splice(index, index < 0 ? 0 : 1);
  if (!node) throw new Error(`No node runs ${service}.`);
  const isKnown = new Promise<void>((resolve) => {
    const listener = (event: { node: { id: string } }) => {
      if (event.node.id !== node.nodeId) return;
      caller.localBus.off("$node.disconnected", listener);
      resolve();
    };
    caller.localBus.on("$node.disconnected", listener);
  });
  await node.kill();
  await isKnown;
}

async function startProcess(services: string[], env: Record<string, string>, log?: (text: string) => void): Promise<MeshNode> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../scripts/run.mjs"), "serve"], {
    env: { ...process.env, ...env, SERVICES: services.join(","), OPENWARD_SUPERVISED: "1" },
    stdio: log ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "inherit", "inherit", "ipc"],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => log?.(chunk.toString()));
  const ready = await firstMessage(child);
  const exited = once(child, "exit");
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
  };
  return {
    services,
    nodeId: ready.nodeId,
    pid: child.pid ?? 0,
    since: performance.now(),
    ...(ready.port !== undefined && { url: `http://127.0.0.1:${ready.port}` }),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    crashAt: (at, count) => told(child, { type: "crash", at, count }, "armed"),
    setClock: (byMs) => told(child, { type: "clock", byMs }, "set"),
    ended: exited,
  };
}

/** Sends a message to a process, and waits for an answer of this type. */
async function told(child: ChildProcess, message: object, answer: string): Promise<void> {
  const answered = new Promise<void>((resolve) => {
    child.on("message", function hear({ type }: { type: string }) {
      if (type !== answer) return;
      child.off("message", hear);
      resolve();
    });
  });
  child.send(message);
  await answered;
}

/** @throws when the process ends before it serves */
function firstMessage(child: ChildProcess): Promise<{ nodeId: string; port?: number }> {
  return new Promise((resolve, reject) => {
    child.once("message", (message: { type: string; sentence: string; nodeId: string; port?: number }) => {
      if (message.type === "ready") resolve(message);
      else reject(new Error(message.sentence));
    });
    child.once("exit", (code, signal) => reject(new Error(`The node ended before it served (${signal ?? code}).`)));
  });
}

async function startBroker(services: string[], env: Record<string, string>): Promise<MeshNode & { broker: ServiceBroker }> {
  const config = readConfig({ ...env, SERVICES: services.join(",") });
  const broker = new ServiceBroker(brokerOptions(config));
  deploy(broker, await deploymentOf(config));
  for (const schema of await loadServices(config)) broker.createService(schema);
  await broker.start();
  const gateway = broker.getLocalService("api") as unknown as { http?: NetServer; complete?: Promise<void> } | undefined;
  await gateway?.complete;
  const address = gateway?.http?.address() as AddressInfo | undefined;
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= broker.stop();
    return stopped;
  };
  const kill = () => Promise.reject(new Error('Only a process can be killed: use split: "process".'));
  return {
    services,
    broker,
    nodeId: broker.nodeID,
    pid: 0,
    since: performance.now(),
    ...(address && { url: `http://127.0.0.1:${address.port}` }),
    stop,
    kill,
    ended: new Promise(() => {}),
  };
}

/** The server in MONGO_URL, or the stand-in; with a unique database name. */
async function mongoUrl(dataDir: string): Promise<{ url: string; stop(): Promise<void> }> {
  const own = `test${randomBytes(5).toString("hex")}`;
  const given = process.env["MONGO_URL"];
  const server = given ? undefined : await startMongo({ dir: join(dataDir, "mongo") });
  const url = (given ?? server?.url ?? "").replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${own}`);
  return { url, stop: async () => server?.stop() };
}

function swapEnv(env: Record<string, string>): () => void {
  const before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]));
  Object.assign(process.env, env);
  return () => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

const heard = (broker: ServiceBroker, event: string) => new Promise<void>((resolve) => broker.localBus.once(event, () => resolve()));

function hasServices(broker: ServiceBroker, nodeId: string): boolean {
  const node = broker.registry.nodes.get(nodeId);
  return Boolean(node?.available && node.services.length > 0);
}
