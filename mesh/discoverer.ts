/**
 * Moleculer's discovery of nodes with heartbeats of its own: Moleculer would send them to all, at an interval that is drawn from 0 to one second where
 * half a second is asked for.
 *
 * A heartbeat goes to the nodes that watch this one (mesh/watchers.ts), under the pair's key. Now and then one goes to all, signed: who has
 * missed that this node is here hears of it. The more nodes, the seldomer, so that what a node has to verify does not grow with them.
 */
import { Discoverers, type ServiceBroker } from "moleculer";
import { announceMetadata } from "./announce.ts";
import { watchersOf } from "./watchers.ts";

/** Between two heartbeats: two of them fit into the time after which a silent node is asked (mesh/liveness.ts). Milliseconds. */
const HEARTBEAT_MS = 500;
/** Between two heartbeats to all, milliseconds: at least, and for each node of the mesh. */
const [TO_ALL_MS, TO_ALL_PER_NODE_MS] = [10_000, 500];
/** Interval at which nodes that were offline too long are forgotten, milliseconds. */
const CLEAN_MS = 60_000;
/** What a node says that has watchers; one that does not say it (of an older version) expects a heartbeat of each. */
const HAS_WATCHERS = "hasWatchers";

type Registry = Parameters<Discoverers.Local["init"]>[0];

/** The other nodes that are there, as a broker knows them. */
export const othersOf = ({ registry }: ServiceBroker) => registry.nodes.toArray().filter(({ available, local }) => available && !local);

/** Moleculer's discoverer that sends heartbeats to the nodes that watch this one, and seldom to all. */
export class MeshDiscoverer extends Discoverers.Local {
  #toAllAt = 0;

  override init(registry: Registry): void {
    super.init(registry);
    announceMetadata(this.broker, HAS_WATCHERS, true);
    // What is forgotten in ten minutes counts from here: of most nodes no heartbeat comes.
    this.broker.localBus.on("$node.disconnected", ({ node }: { node: { lastHeartbeatTime: number } }) => {
      node.lastHeartbeatTime = Math.round(process.uptime());
    });
  }

  override startHeartbeatTimers(): void {
    this.stopHeartbeatTimers();
    this.heartbeatTimer = setInterval(() => void this.beat(), HEARTBEAT_MS).unref();
    this.offlineTimer = setInterval(() => this.checkOfflineNodes(), CLEAN_MS).unref();
  }

  override async sendHeartbeat(): Promise<void> {
    const others = othersOf(this.broker);
    if (performance.now() >= this.#toAllAt) return this.beatToAll(others.length);
    const watchers = watchersOf(
      this.broker.nodeID,
      others.map(({ id }) => id),
    );
    const older = others.filter(({ metadata }) => !metadata?.[HAS_WATCHERS]).map(({ id }) => id);
    const { cpu = 0 } = this.localNode ?? {};
    await Promise.all([...new Set([...watchers, ...older])].map((target) => this.#send({ type: "HEARTBEAT", target, payload: { cpu } })));
  }

  /** This node is here: those that have taken it for lost find it again. */
  async beatToAll(others = othersOf(this.broker).length): Promise<void> {
    this.#toAllAt = performance.now() + Math.max(TO_ALL_MS, others * TO_ALL_PER_NODE_MS);
    await super.sendHeartbeat();
  }

  /** While NATS is away nobody hears it; when it is back all introduce themselves anew. */
  async #send(packet: object): Promise<void> {
    await this.transit?.publish(packet as never).catch(() => {});
  }
}
