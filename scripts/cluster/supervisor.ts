/** Keeps the wanted number of processes of each service running, and changes it on demand. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Config } from "../../mesh/config.ts";
import { caPublicFile, ensureKeyFile, keyFolder } from "../../mesh/trust/key-files.ts";
import { type Server, startNats } from "../servers.mjs";
import { localUrl } from "../start/address.ts";
import { StartupError, sentenceOf } from "../start/startup-error.ts";
import { flagsOf } from "./child.ts";
import { GatewaySocket } from "./gateway-socket.ts";
import { Replica } from "./replica.ts";
import { hasRoom } from "./has-room.ts";
import { type ClusterState, type Mark, markOf, writeState } from "./cluster-state.ts";
import { warmUp } from "./warm.ts";

/** Most processes of a service on one machine. */
export const MAX_REPLICAS = 64;
/** Services whose nodes know the membership. */
const TELLERS = new Set(["api", "transactions"]);
/** Interval between attempts to start NATS, whose port or folder may be in use for a while. */
const REVIVE_EVERY_MS = 1_000;
/** Interval between two checks for room on NATS's disk, and shortest time between two such restarts, milliseconds. */
const RENEW_EVERY_MS = 5_000;

/** Starts NATS and the processes of each service, keeps their number, and stops them in order. */
export class Supervisor {
  readonly #config: Config;
  readonly #log: (line: string) => void;
  readonly #replicas: Replica[] = [];
  readonly #metricsPorts = new Map<Replica, number>();
  readonly #gateways = new GatewaySocket();
  readonly #started = new Date().toISOString();
  readonly #socket: string;
  #nats: (Server & Mark) | undefined;
  #natsUrl = "";
  #deployment: Record<string, string> = {};
  /** Serialises restarts and scalings. */
  #queue: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(config: Config, socket: string, log: (line: string) => void) {
    this.#config = config;
    this.#socket = socket;
    this.#log = log;
  }

  /** @param wanted number of processes per service */
  async start(wanted: Map<string, number>): Promise<void> {
    await Promise.all([this.#config.natsUrl ? undefined : this.#startNats(0), this.#config.servicesDir ? undefined : this.#warmUp(wanted)]);
    this.#natsUrl = this.#config.natsUrl ?? this.#nats?.url ?? "";
    // What is started now makes up the system; services that are added later join by themselves.
    if (!this.#config.members) this.#deployment = { MEMBERS: [...wanted.keys()].join(",") };
    await this.#listenFor(wanted.get("api") ?? 0);
    for (const [service, count] of wanted) for (let n = 0; n < count; n++) this.#add(service);
    await Promise.all(this.#replicas.map((replica) => replica.fill()));
  }

  async #warmUp(wanted: Map<string, number>): Promise<void> {
    const flags = new Map([...wanted.keys()].map((service) => [flagsOf(service).join(" "), flagsOf(service)]));
    try {
      for (const one of flags.values()) await warmUp(one);
    } catch (error) {
      this.#log(`The compiled form of the sources could not be kept, so that processes start slower: ${(error as Error).message}`);
    }
  }

  get state(): ClusterState {
    const port = this.#replicas.find((replica) => replica.child?.info?.port !== undefined)?.child?.info?.port;
    return {
      supervisor: { ...markOf(process.pid), started: this.#started, socket: this.#socket },
      nats: { url: this.#natsUrl, ...(this.#nats && { pid: this.#nats.pid, ...(this.#nats.born && { born: this.#nats.born }) }) },
      ...(port !== undefined && { url: localUrl(this.#config, port) }),
      children: this.#replicas.flatMap(({ service, child, restarts }) =>
        child
          ? [
              {
                service,
                nodeId: child.info?.nodeId ?? "",
                ...child.mark,
                ...(child.info?.port !== undefined && { port: child.info.port }),
                started: child.started,
                restarts,
                state: child.state,
              },
            ]
          : [],
      ),
      failing: this.#replicas.flatMap(({ service, child, failing }) => (failing && !child ? [{ service, ...failing }] : [])),
    };
  }

  /** Replaces each process of a service, one after the other. */
  restart(service: string): Promise<void> {
    return this.#inTurn(async () => {
      const replicas = this.#of(service);
      if (replicas.length === 0) throw new Error(`No process of ${service} runs here.`);
      for (const replica of replicas) await replica.renew();
    });
  }

  /** @param count processes of the service from now on; 0 takes it out of the mesh. If not all can start, none is added. */
  scale(service: string, count: number): Promise<void> {
    return this.#inTurn(async () => {
      const replicas = this.#of(service);
      if (service === "api") await this.#listenFor(count);
      const added = Array.from({ length: Math.max(0, count - replicas.length) }, () => this.#add(service));
      try {
        await Promise.all(added.map((replica) => replica.fill()));
      } catch (error) {
        await Promise.all(added.map((replica) => this.#remove(replica)));
        throw error;
      }
      const surplus = replicas.slice(count);
      await Promise.all(surplus.map((replica) => this.#remove(replica)));
    });
  }

  /** Takes a service out of the mesh for good: its processes end, and the others know that it is no longer a member. */
  retire(service: string): Promise<void> {
    return this.#inTurn(async () => {
      const teller = this.#replicas.find((replica) => replica.child?.state === "ready" && TELLERS.has(replica.service))?.child;
      if (!teller) throw new Error("No gateway or coordinator runs that could announce this to the mesh: start one, then try again.");
      await Promise.all(this.#of(service).map((replica) => this.#remove(replica)));
      await teller.retire(service);
    });
  }

  /** Drains everything: gateways first, so that no new work arrives while the rest finishes; NATS last. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#of("api").map((replica) => this.#remove(replica)));
    await Promise.all([...this.#replicas].map((replica) => this.#remove(replica)));
    this.#gateways.close();
    await this.#nats?.stop();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Opens the mesh's address while it has a gateway. */
  async #listenFor(gateways: number): Promise<void> {
    if (gateways === 0 || this.#gateways.isOpen) return;
    await this.#gateways.open(this.#config).catch((error) => {
      throw new StartupError(sentenceOf(error, this.#config));
    });
  }

  #of(service: string): Replica[] {
    return this.#replicas.filter((replica) => replica.service === service);
  }

  #add(service: string): Replica {
    const number = this.#of(service).length + 1;
    const isGateway = service === "api";
    const metricsPort = this.#freeMetricsPort();
    const env = {
      ...this.#deployment,
      NATS_URL: this.#natsUrl,
      NODE_ID: `${service}-${number}`,
      DATA_DIR: this.#config.dataDir,
      ...this.#keysOf(service),
      ...(metricsPort !== undefined && { METRICS_PORT: `${metricsPort}` }),
      ...(isGateway && { PORT: "0", OPENWARD_GATEWAY_PORT: `${this.#gateways.port}` }),
    };
    const events = { changed: () => this.#write(), log: this.#log, ...(isGateway && { gateways: this.#gateways }) };
    const replica = new Replica(service, env, events);
    this.#replicas.push(replica);
    if (metricsPort !== undefined) this.#metricsPorts.set(replica, metricsPort);
    return replica;
  }

  /** Key files of a process: only its own service's, unless the settings name a file for all. */
  #keysOf(service: string): Record<string, string> {
    if (this.#config.meshIdentityFile) return {}; // the process inherits the settings
    const folder = keyFolder(this.#config.dataDir);
    return { MESH_IDENTITY_FILE: ensureKeyFile(folder, { serves: [service] }), MESH_CA_FILE: caPublicFile(folder) };
  }

  /** A port for each replica, whichever process is in it, so that the scraper's list stays the same. */
  #freeMetricsPort(): number | undefined {
    const first = this.#config.metricsPort;
    if (first === undefined) return undefined;
    const taken = new Set(this.#metricsPorts.values());
    for (let port = first; ; port += 1) if (!taken.has(port)) return port;
  }

  async #remove(replica: Replica): Promise<void> {
    await replica.close();
    const index = this.#replicas.indexOf(replica);
    if (index >= 0) this.#replicas.splice(index, 1);
    this.#metricsPorts.delete(replica);
    if (this.#of("api").length === 0) this.#gateways.close();
    this.#write();
  }

  async #startNats(port: number): Promise<void> {
    const nats = await startNats({ dir: join(this.#config.dataDir, "nats"), port });
    this.#nats = { ...nats, ...markOf(nats.pid) };
    void nats.exited.then(() => this.#reviveNats(nats.port));
    void nats.broken.then(() => this.#renewNats(nats));
  }

  /** Ends NATS, which could not write to its disk, as soon as there is room: it takes no events until it is restarted. */
  async #renewNats(nats: Server): Promise<void> {
    const folder = join(this.#config.dataDir, "nats");
    this.#log("NATS could not write to its disk. Events wait in the outboxes; it is started again when there is room.");
    do await pause(RENEW_EVERY_MS);
    while (!this.#isStopping && !hasRoom(folder));
    if (!this.#isStopping) await nats.stop();
  }

  /** Starts NATS again after it has ended, on its port, where its clients look for it, until it runs. */
  async #reviveNats(port: number): Promise<void> {
    if (!this.#isStopping) this.#log("NATS died; it is started again.");
    while (!this.#isStopping) {
      try {
        await this.#startNats(port);
        this.#write();
        return;
      } catch (error) {
        this.#log(`${(error as Error).message}; it is tried again in ${REVIVE_EVERY_MS / 1000} s.`);
        await pause(REVIVE_EVERY_MS);
      }
    }
  }

  #write(): void {
    try {
      writeState(this.#config.dataDir, this.state);
    } catch (error) {
      this.#log(`cluster.json cannot be written: ${(error as Error).message}`);
    }
  }
}
