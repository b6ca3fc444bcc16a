/**
 * Tells nodes that hang (SIGSTOP, a machine that vanished without closing its connections) from those that work: by what is heard of them.
 *
 * Whoever works is heard, if only by its heartbeat. A node that was not heard for `SUSPECT_MS` gets no new calls while there is another; after
 * `DEAD_MS` it is taken out of the registry, its calls in flight are rejected, and those that are safe to repeat go to another node. It
 * comes back with its next heartbeat. Who has only just joined may be silent for longer: where many processes start on few processors, each loads and
 * compiles for seconds. A node that was itself suspended for so long refuses what had been sent to it meanwhile: its callers
 * have asked somebody else by now.
 */
import { type BrokerOptions, Errors, type ServiceBroker, Strategies } from "moleculer";
import type { NatsConnection } from "nats";

/** Moleculer's heartbeat, seconds: two of them fit into `SUSPECT_MS`. */
export const HEARTBEAT_S = 0.5;
const SUSPECT_MS = 1_100;
const DEAD_MS = 1_800;
/** Within `JOINING_MS` of the first that was heard of a node it may be silent for `DEAD_JOINING_MS`. */
const [JOINING_MS, DEAD_JOINING_MS] = [8_000, 4_000];
const TICK_MS = 250;

/** What one node hears of the others, and of itself. */
export class Liveness {
  readonly #broker: ServiceBroker;
  readonly #heard = new Map<string, number>();
  readonly #joined = new Map<string, number>();
  #lastTick = performance.now();
  #suspendedAt = Number.NEGATIVE_INFINITY;
  #isCatchingUp = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  start(): void {
    this.#lastTick = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A packet of this node has come. */
  heard(nodeID: string): void {
    const now = performance.now();
    if (now - this.#lastTick > DEAD_MS) this.#resume(now);
    if (!this.#heard.has(nodeID)) this.#joined.set(nodeID, now);
    this.#heard.set(nodeID, now);
  }

  /** Another node should be asked, if there is one. */
  isSuspect(nodeID: string): boolean {
    const at = this.#heard.get(nodeID);
    return at !== undefined && performance.now() - at > SUSPECT_MS;
  }

  /** This node was suspended, and what comes now may have been sent before the others gave it up. */
  get isCatchingUp(): boolean {
    return this.#isCatchingUp;
  }

  /** @param since on the clock of `performance.now()` */
  wasSuspendedSince(since: number): boolean {
    return this.#suspendedAt >= since;
  }

  #tick(): void {
    const now = performance.now();
    const late = now - this.#lastTick - TICK_MS;
    if (now - this.#lastTick > DEAD_MS) this.#resume(now);
    // While this process was busy, or got no processor, it could hear nobody: that time says nothing of the others.
    else if (late > TICK_MS) for (const [nodeID, at] of this.#heard) this.#heard.set(nodeID, Math.min(now, at + late));
    this.#lastTick = now;
    for (const [nodeID, at] of this.#heard) {
      const isJoining = now - (this.#joined.get(nodeID) ?? 0) <= JOINING_MS;
      if (now - at <= (isJoining ? DEAD_JOINING_MS : DEAD_MS)) continue;
      this.#heard.delete(nodeID);
      this.#joined.delete(nodeID);
      const node = this.#broker.registry.nodes.get(nodeID);
      if (node?.available && !node.local) this.#broker.registry.nodes.disconnected(nodeID, true);
    }
  }

  /** What was sent meanwhile is still to come: NATS keeps the order, so it is all here when the server answers a question put now. */
  #resume(now: number): void {
    this.#suspendedAt = now;
    this.#lastTick = now;
    for (const nodeID of this.#heard.keys()) this.#heard.set(nodeID, now); // nobody could be heard
    const client = (this.#broker.transit?.tx as { client?: NatsConnection | null } | undefined)?.client;
    if (!client || client.isClosed()) return;
    this.#isCatchingUp = true;
    const done = () => {
      this.#isCatchingUp = false;
    };
    client.flush().then(done, done);
  }
}

const known = new WeakMap<ServiceBroker, Liveness>();

/** What a broker hears of the others. */
export function livenessOf(broker: ServiceBroker): Liveness {
  const made = known.get(broker) ?? new Liveness(broker);
  known.set(broker, made);
  return made;
}

interface Packet {
  payload?: { sender?: string; id?: string; action?: string; meta?: object };
}

/** The part of Moleculer's transit that answers a call. */
interface Answering {
  broker: ServiceBroker;
  sendResponse(nodeID: string, id: string, meta: object, headers: null, data: null, error: Error): Promise<void>;
}

type MessageHandler = (command: string, packet: Packet) => Promise<unknown> | boolean;

/** Moleculer's middleware that hears every packet. */
export const WatchLiveness = {
  name: "WatchLiveness",
  started(broker: ServiceBroker) {
    if (broker.transit) livenessOf(broker).start();
  },
  stopped(broker: ServiceBroker) {
    livenessOf(broker).stop();
  },
  transitMessageHandler(this: Answering, next: MessageHandler): MessageHandler {
    return (command, packet) => {
      const { sender, id, action, meta } = packet.payload ?? {};
      const liveness = livenessOf(this.broker);
      if (sender !== undefined) liveness.heard(sender);
      if (command !== "REQ" || !liveness.isCatchingUp || sender === undefined || id === undefined) return next(command, packet);
      const error = new Errors.RequestRejectedError({ action: action ?? "", nodeID: this.broker.nodeID });
      return this.sendResponse(sender, id, meta ?? {}, null, null, error).then(() => true);
    };
  },
} as unknown as NonNullable<BrokerOptions["middlewares"]>[number];

/** One node after the other, those that are not heard only where there is no other. */
export class AvoidSilent extends Strategies.RoundRobin {
  override select(list: Parameters<Strategies.RoundRobin["select"]>[0]) {
    const liveness = livenessOf(this.broker);
    const heard = list.length > 1 ? list.filter(({ id }) => !liveness.isSuspect(id)) : list;
    return super.select(heard.length > 0 ? heard : list);
  }
}
