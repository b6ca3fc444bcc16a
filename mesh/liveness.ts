/**
 * Failure detection: distinguishes nodes that hang (SIGSTOP, a machine that vanished without closing its connections) from those that work, by the
 * messages that arrive from them.
 *
 * A node receives the heartbeats of those that it watches (mesh/watchers.ts). When one is silent for `SUSPECT_MS`, it asks it (PING) and notifies all
 * others, which ask for themselves: no node takes another for dead on a third one's word. Each also asks nodes that it has called and not heard since.
 * A node that was asked gets no new calls while there is another, until anything arrives from it. If nothing arrives in time, it is removed from the
 * registry, its pending calls are rejected, and those that are safe to repeat go to another node. Its own message, when it learns that it is
 * suspected, brings it back.
 *
 * A node that has just joined may be silent for longer: where many processes start on few processors, each loads and compiles for seconds. A node that
 * was itself suspended, or cut off from all others, refuses calls that had been sent meanwhile, since their callers have asked another node by now, and
 * new ones until it sees the others again: otherwise it would report the services that they need as down.
 */
import type { ServiceBroker } from "moleculer";
import type { NatsConnection } from "nats";
import { MeshDiscoverer, othersOf } from "./discoverer.ts";
import { watchedBy } from "./watchers.ts";

/** Notifies all nodes that one is silent: `{ node: id }`. Not one of Moleculer's commands. */
export const SUSPECT = "SUSPECT";
/** Silence of a watched node after which it is asked: two heartbeats and some. Milliseconds, like all that follow. */
const SUSPECT_MS = 1_100;
/** Time for its answer. */
const ANSWER_MS = 600;
/** Time after a call without any message from the node, after which it is asked, */
const ASK_MS = 300;
/** and the time for its answer: in total the same as for a watched node. */
const ASKED_ANSWER_MS = SUSPECT_MS + ANSWER_MS - ASK_MS;
/** A node that was first heard less than `JOINING_MS` ago has more time for its answer. */
const [JOINING_MS, JOINING_ANSWER_MS] = [8_000, 2_900];
/** A node that was suspended, or heard no other, for this long may have been given up by others. */
const SUSPENDED_MS = 1_800;
/** After a node was blocked, or heard no other, for this long, another node may have taken over its calls (silent-node.ts), */
const LATE_MS = 500;
/** which holds for calls that it begins within this time: no write is waited for longer. */
const LATE_FOR_MS = 10_000;
/** Time without any message after which a node may be cut off, and may be given up next: two heartbeats. */
const UNHEARD_MS = 1_000;
/** Time without any message after which a node is cut off: three heartbeats. */
const SILENT_MS = 1_500;
/** Time for which a node that was cut off waits for those that it has taken for lost. */
const BACK_MS = 1_500;
const TICK_MS = 200;
/** Least interval between two questions, and two answers, on a notification by others: a compromised node could send notifications all the time. */
const WORD_MS = 1_000;

/** What is known of another node; times are of `performance.now()`, 0: not applicable. */
interface Known {
  /** First heard; a node that was lost and comes back has not joined again. */
  joinedAt: number;
  heardAt: number;
  /** Time since which this node watches it. */
  watchedAt: number;
  /** Time of a call since which nothing was heard. */
  calledAt: number;
  /** It was asked, and is taken for dead without an answer by then. */
  answerBy: number;
  /** Whether this node has notified all others. */
  isTold: boolean;
  /** Time of the last question on a notification by others. */
  wordAt: number;
  /** Time at which this node has taken it for dead. */
  lostAt: number;
}

/** The failure detector of one node. */
export class Liveness {
  readonly #broker: ServiceBroker;
  /** By id; removed when the registry removes the node, ten minutes after it has gone. */
  readonly #nodes = new Map<string, Known>();
  #lastTick = performance.now();
  /** Time of the last message from any other node; Infinity: none yet. */
  #heardAt = Number.POSITIVE_INFINITY;
  #suspendedAt = Number.NEGATIVE_INFINITY;
  #lateAt = Number.NEGATIVE_INFINITY;
  #livesAt = Number.NEGATIVE_INFINITY;
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

  /** Called for each packet of a node. */
  heard(nodeID: string): void {
    const now = performance.now();
    if (now - this.#lastTick > SUSPENDED_MS || now - this.#heardAt > SUSPENDED_MS) this.#resume(now);
    if (now - this.#lastTick > LATE_MS || now - this.#heardAt > LATE_MS) this.#lateAt = now;
    this.#heardAt = now;
    const node = this.#nodes.get(nodeID);
    if (!node) {
      this.#nodes.set(nodeID, { joinedAt: now, heardAt: now, watchedAt: 0, calledAt: 0, answerBy: 0, isTold: false, wordAt: 0, lostAt: 0 });
    } else {
      node.heardAt = now;
      node.calledAt = 0;
      node.answerBy = 0;
      node.isTold = false;
    }
  }

  /** Called for each call to a node. */
  called(nodeID: string): void {
    const node = this.#nodes.get(nodeID);
    if (node && node.calledAt === 0) node.calledAt = performance.now();
  }

  /** Called when another node notifies that this one is silent. */
  noteSuspicion(nodeID: string): void {
    const now = performance.now();
    if (nodeID === this.#broker.nodeID) this.#sayThatItLives(now);
    const node = this.#nodes.get(nodeID);
    if (!node || now - node.wordAt < WORD_MS || !this.#broker.registry.nodes.get(nodeID)?.available) return;
    node.wordAt = now;
    this.#ask(nodeID, node, ANSWER_MS, now);
  }

  /** Whether another node should be called instead: this one was asked, and has not answered. */
  isSuspect(nodeID: string): boolean {
    return (this.#nodes.get(nodeID)?.answerBy ?? 0) > 0;
  }

  /** Whether this node was suspended or cut off: calls may have been sent before the others gave it up, or need services that it does not see yet. */
  get isCatchingUp(): boolean {
    return this.#isCatchingUp;
  }

  /** Whether no other node is heard, although there were some, and this one has checked. */
  get hearsNobody(): boolean {
    const now = performance.now();
    return now - this.#heardAt > SILENT_MS && now - this.#lastTick < 2 * TICK_MS;
  }

  /**
   * Whether another node may have made a write that this node has begun: this node was blocked, suspended or heard no other, before the write or since.
   * @param begun on the clock of `performance.now()`
   */
  mayBeRepeated(begun: number): boolean {
    const now = performance.now();
    // Work that continues directly after a blockage runs before the timer that would notice it.
    const standsStill = this.#timer !== undefined && now - this.#lastTick > LATE_MS;
    const isLate = standsStill || this.#lateAt >= begun - LATE_FOR_MS;
    return isLate || this.#suspendedAt >= begun || now - this.#heardAt > UNHEARD_MS;
  }

  #tick(): void {
    const now = performance.now();
    const late = now - this.#lastTick - TICK_MS;
    if (now - this.#lastTick > LATE_MS) this.#lateAt = now;
    if (now - this.#lastTick > SUSPENDED_MS) this.#resume(now);
    // While this process was busy, or had no processor time, it could not hear others: that time says nothing about them.
    else if (late > TICK_MS) for (const node of this.#nodes.values()) forgive(node, late, now);
    this.#lastTick = now;
    const others = othersOf(this.#broker).map(({ id }) => id);
    const watched = new Set(watchedBy(this.#broker.nodeID, others));
    const present = new Set(others);
    for (const [nodeID, node] of this.#nodes) {
      if (present.has(nodeID)) this.#look(nodeID, node, watched.has(nodeID), now);
      else if (this.#broker.registry.nodes.get(nodeID)) Object.assign(node, { watchedAt: 0, calledAt: 0, answerBy: 0, isTold: false });
      else this.#nodes.delete(nodeID);
    }
  }

  #look(nodeID: string, node: Known, isWatched: boolean, now: number): void {
    if (!isWatched) node.watchedAt = 0;
    else if (node.watchedAt === 0) node.watchedAt = now;
    else if (node.answerBy === 0 && now - Math.max(node.heardAt, node.watchedAt) > SUSPECT_MS) {
      this.#ask(nodeID, node, ANSWER_MS, now);
      this.#tell(nodeID, node);
    }
    if (node.calledAt > 0 && node.answerBy === 0 && now - node.calledAt > ASK_MS) this.#ask(nodeID, node, ASKED_ANSWER_MS, now);
    if (node.answerBy === 0 || now < node.answerBy) return;
    this.#tell(nodeID, node);
    node.lostAt = now;
    this.#broker.registry.nodes.disconnected(nodeID, true);
  }

  #ask(nodeID: string, node: Known, patience: number, now: number): void {
    const answerBy = now + (now - node.joinedAt <= JOINING_MS ? JOINING_ANSWER_MS : patience);
    node.answerBy = node.answerBy === 0 ? answerBy : Math.min(node.answerBy, answerBy);
    this.#send({ type: "PING", target: nodeID, payload: { time: Date.now(), id: this.#broker.generateUid() } });
  }

  /** Not sent while NATS is away: then all others are unreachable. */
  #send(packet: object): void {
    void this.#broker.transit?.publish(packet as never).catch(() => {});
  }

  /** Notifies the others, which ask for themselves if they do not hear the node either; the node itself learns of it too. */
  #tell(nodeID: string, node: Known): void {
    if (node.isTold) return;
    node.isTold = true;
    this.#send({ type: SUSPECT, target: null, payload: { node: nodeID } });
  }

  #sayThatItLives(now: number): void {
    if (now - this.#livesAt < WORD_MS) return;
    this.#livesAt = now;
    const discoverer = this.#broker.registry.discoverer as unknown;
    if (discoverer instanceof MeshDiscoverer) void discoverer.beatToAll();
  }

  /** Ends the suspension once all messages from before have arrived: NATS keeps the order, so that they precede the server's answer to a ping. */
  #resume(now: number): void {
    this.#suspendedAt = now;
    this.#lastTick = now;
    for (const node of this.#nodes.values()) forgive(node, Number.POSITIVE_INFINITY, now); // no node could be heard
    const client = (this.#broker.transit?.tx as { client?: NatsConnection | null } | undefined)?.client;
    const [since, until] = [this.#heardAt, now + BACK_MS]; // nodes that were taken for dead since anything was heard
    this.#heardAt = now;
    if (!client || client.isClosed()) return;
    this.#isCatchingUp = true;
    const look = () => {
      this.#isCatchingUp = this.#misses(since) && performance.now() < until;
      if (this.#isCatchingUp) setTimeout(look, TICK_MS / 4).unref();
    };
    client.flush().then(look, look);
  }

  /** Whether some nodes that were taken for dead while nothing was heard are not back yet. @param since on the clock of `performance.now()` */
  #misses(since: number): boolean {
    const { nodes } = this.#broker.registry;
    return [...this.#nodes].some(([id, { lostAt }]) => lostAt >= since && nodes.get(id)?.available === false);
  }
}

/** Shifts a node's times by a time in which this node could not hear it. */
function forgive(node: Known, lateMs: number, now: number): void {
  const later = (at: number) => (at === 0 ? 0 : Math.min(now, at + lateMs));
  node.heardAt = later(node.heardAt);
  node.calledAt = later(node.calledAt);
  if (node.answerBy > 0) node.answerBy = lateMs === Number.POSITIVE_INFINITY ? 0 : node.answerBy + lateMs;
}

const known = new WeakMap<ServiceBroker, Liveness>();

/** The failure detector of a broker. */
export function livenessOf(broker: ServiceBroker): Liveness {
  const made = known.get(broker) ?? new Liveness(broker);
  known.set(broker, made);
  return made;
}
