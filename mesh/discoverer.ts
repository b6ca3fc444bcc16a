/**
 * Moleculer's discovery of nodes with its own heartbeats. Moleculer itself would send them to all nodes, at a random interval between 0 and one second
 * if half a second is configured.
 *
 * A heartbeat is sent to the nodes that watch this one (mesh/watchers.ts), under the pair's key. Now and then one is sent to all, signed, for nodes
 * that have missed that this node exists. The more nodes there are, the rarer these are, so that the cost of verifying them does not grow.
 */
import { Discoverers, type ServiceBroker } from "moleculer";
import { announceMetadata } from "./announce.ts";
import { watchersOf } from "./watchers.ts";

/** Interval of heartbeats, milliseconds: two fit into the time after which a silent node is asked (mesh/liveness.ts). */
const HEARTBEAT_MS = 500;
/** Interval of heartbeats to all, milliseconds: the minimum, and the addition per node. */
const [TO_ALL_MS, TO_ALL_PER_NODE_MS] = [10_000, 500];
/** Interval at which nodes that were offline for too long are removed, milliseconds. */
const CLEAN_MS = 60_000;
/** Time after which they are, seconds. */
const AWAY_S = 600;
/** Metadata of a node that uses watchers; one without it (of an older version) expects heartbeats from every node. */
const HAS_WATCHERS = "hasWatchers";

type Registry = Parameters<Discoverers.Local["init"]>[0];

/** The other nodes that are available to a broker. */
export const othersOf = ({ registry }: ServiceBroker) => registry.nodes.toArray().filter(({ available, local }) => available && !local);

/** Moleculer's discoverer, which sends heartbeats to the nodes that watch this one, and rarely to all. */
export class MeshDiscoverer extends Discoverers.Local {
  #toAllAt = 0;

  override init(registry: Registry): void {
    super.init(registry);
    announceMetadata(this.broker, HAS_WATCHERS, true);
    // The removal after ten minutes counts from now: most nodes send no heartbeats to this one.
    this.broker.localBus.on("$node.disconnected", ({ node }: { node: { lastHeartbeatTime: number } }) => {
      node.lastHeartbeatTime = Math.round(process.uptime());
    });
  }

  override startHeartbeatTimers(): void {
    this.stopHeartbeatTimers();
    this.heartbeatTimer = setInterval(() => void this.beat(), HEARTBEAT_MS).unref();
    this.offlineTimer = setInterval(() => this.checkOfflineNodes(), CLEAN_MS).unref();
  }

  /** Removes nodes that have been away for ten minutes. Moleculer would warn of each on each node, though nearly all have stopped as they should. */
  override checkOfflineNodes(): void {
    const now = Math.round(process.uptime());
    for (const { id, local, available, lastHeartbeatTime } of this.broker.registry.nodes.toArray()) {
      if (local || available || now - lastHeartbeatTime <= AWAY_S) continue;
      this.logger?.debug(`Node '${id}' is removed: it has been away for ten minutes.`);
      this.broker.registry.nodes.delete(id);
    }
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

  /** Sends a heartbeat to all: nodes that have taken this one for lost find it again. */
  async beatToAll(others = othersOf(this.broker).length): Promise<void> {
    this.#toAllAt = performance.now() + Math.max(TO_ALL_MS, others * TO_ALL_PER_NODE_MS);
    await super.sendHeartbeat();
  }

  /** Not delivered while NATS is away; afterwards all nodes introduce themselves anew. */
  async #send(packet: object): Promise<void> {
    await this.transit?.publish(packet as never).catch(() => {});
  }
}
