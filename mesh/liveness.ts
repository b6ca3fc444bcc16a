/**
 * Tells nodes that hang (SIGSTOP, a machine that vanished without closing its connections) from those that work: by what is heard of them.
 *
 * A node hears the heartbeats of those that it watches (mesh/watchers.ts). When one is silent for `SUSPECT_MS`, it asks it (PING) and tells all
 * others, who ask for themselves: nobody takes a node for dead on another's word. Each asks also whom it has called and not heard since.
 * A node that is asked gets no new calls while there is another, until anything of it is heard. If nothing is in time, it is taken out of the
 * registry, its calls in flight are rejected, and those that are safe to repeat go to another node. What it says when it hears that it is
 * suspected brings it back.
 *
 * Who has only just joined may be silent for longer: where many processes start on few processors, each loads and compiles for seconds. A node that was
 * itself suspended, or cut off from all others, refuses what had been sent to it meanwhile, for its callers have asked another node by now, and what
 * comes until it sees the others again: for what rests on them it would say that they are down.
 */
import type { ServiceBroker } from "moleculer";
import type { NatsConnection } from "nats";
import { MeshDiscoverer, othersOf } from "./discoverer.ts";
import { watchedBy } from "./watchers.ts";

/** Tells all nodes that one is silent: `{ node: id }`. No command of Moleculer's. */
export const SUSPECT = "SUSPECT";
/** A watched node that was not heard for this time is asked whether it lives: two heartbeats, and some. Milliseconds, as all that follow. */
const SUSPECT_MS = 1_100;
/** Time for its answer. */
const ANSWER_MS = 600;
/** A node that was called and not heard for this time is asked whether it lives, */
const ASK_MS = 300;
/** and has this time for its answer: in all as much as one that is watched. */
const ASKED_ANSWER_MS = SUSPECT_MS + ANSWER_MS - ASK_MS;
/** A node that was first heard less than `JOINING_MS` ago has more time for its answer. */
const [JOINING_MS, JOINING_ANSWER_MS] = [8_000, 2_900];
/** A node that was suspended for this time, or heard nobody, may have been given up by others. */
const SUSPENDED_MS = 1_800;
/** What comes to a node that stood still, or heard nobody, for this time may have been made by another node meanwhile (silent-node.ts), */
const LATE_MS = 500;
/** and so may what it begins within this time: no write is waited for longer. */
const LATE_FOR_MS = 10_000;
/** Who hears nobody for this time may be cut off, and be given up next: two heartbeats. */
const UNHEARD_MS = 1_000;
/** Who hears nobody for this time is cut off: three heartbeats. */
const SILENT_MS = 1_500;
/** Who was cut off waits so long for those that it has taken for lost meanwhile. */
const BACK_MS = 1_500;
const TICK_MS = 200;
/** Least time between two questions, and between two answers, on the word of others: a node in wrong hands could give its word all the time. */
const WORD_MS = 1_000;

/** What is known of another node; times are of `performance.now()`, 0: not so. */
interface Known {
  /** First heard; a node that was lost and comes back has not joined again. */
  joinedAt: number;
  heardAt: number;
  /** Watched by this node since. */
  watchedAt: number;
  /** Called, and not heard since. */
  calledAt: number;
  /** It was asked, and answers by then or is taken for dead. */
  answerBy: number;
  /** All others have been told by this node. */
  isTold: boolean;
  /** Asked on the word of others. */
  wordAt: number;
  /** This node has taken it for dead. */
  lostAt: number;
}

/** What one node hears of the others, and of itself. */
export class Liveness {
  readonly #broker: ServiceBroker;
  /** By id; forgotten when the registry forgets the node, ten minutes after it has gone. */
  readonly #nodes = new Map<string, Known>();
  #lastTick = performance.now();
  /** Anything of any other node was heard; Infinity: never yet. */
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

  /** A packet of this node has come. */
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

  /** A call goes to this node. */
  called(nodeID: string): void {
    const node = this.#nodes.get(nodeID);
    if (node && node.calledAt === 0) node.calledAt = performance.now();
  }

  /** Another node says that this one is silent. */
  toldOf(nodeID: string): void {
    const now = performance.now();
    if (nodeID === this.#broker.nodeID) this.#sayThatItLives(now);
    const node = this.#nodes.get(nodeID);
    if (!node || now - node.wordAt < WORD_MS || !this.#broker.registry.nodes.get(nodeID)?.available) return;
    node.wordAt = now;
    this.#ask(nodeID, node, ANSWER_MS, now);
  }

  /** Another node should be called, if there is one: this one was asked whether it lives, and has not answered. */
  isSuspect(nodeID: string): boolean {
    return (this.#nodes.get(nodeID)?.answerBy ?? 0) > 0;
  }

  /** This node was suspended or cut off: what comes now may have been sent before the others gave it up, or rests on others that it does not see yet. */
  get isCatchingUp(): boolean {
    return this.#isCatchingUp;
  }

  /** Nothing is heard of any other node, though there were some, and this one has looked. */
  get hearsNobody(): boolean {
    const now = performance.now();
    return now - this.#heardAt > SILENT_MS && now - this.#lastTick < 2 * TICK_MS;
  }

  /**
   * Whether a write that this node has begun may have been made by another: it stood still, was suspended or heard nobody, before the write came or since.
   * @param begun on the clock of `performance.now()`
   */
  mayBeRepeated(begun: number): boolean {
    const now = performance.now();
    // Work that goes on at once after a standstill comes before anything that notices it.
    const standsStill = this.#timer !== undefined && now - this.#lastTick > LATE_MS;
    const isLate = standsStill || this.#lateAt >= begun - LATE_FOR_MS;
    return isLate || this.#suspendedAt >= begun || now - this.#heardAt > UNHEARD_MS;
  }

  #tick(): void {
    const now = performance.now();
    const late = now - this.#lastTick - TICK_MS;
    if (now - this.#lastTick > LATE_MS) this.#lateAt = now;
    if (now - this.#lastTick > SUSPENDED_MS) this.#resume(now);
    // While this process was busy, or got no processor, it could hear nobody: that time says nothing of the others.
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

  /** Not sent while NATS is away: all others are out of reach then. */
  #send(packet: object): void {
    void this.#broker.transit?.publish(packet as never).catch(() => {});
  }

  /** Those who do not hear this node's heartbeats either ask for themselves; it hears of it, too. */
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

  /** What was sent meanwhile is still to come: NATS keeps the order, so it is all here when the server answers a question put now. */
  #resume(now: number): void {
    this.#suspendedAt = now;
    this.#lastTick = now;
    for (const node of this.#nodes.values()) forgive(node, Number.POSITIVE_INFINITY, now); // nobody could be heard
    const client = (this.#broker.transit?.tx as { client?: NatsConnection | null } | undefined)?.client;
    const [since, until] = [this.#heardAt, now + BACK_MS]; // whom it has taken for dead since it heard anybody
    this.#heardAt = now;
    if (!client || client.isClosed()) return;
    this.#isCatchingUp = true;
    const look = () => {
      this.#isCatchingUp = this.#misses(since) && performance.now() < until;
      if (this.#isCatchingUp) setTimeout(look, TICK_MS / 4).unref();
    };
    client.flush().then(look, look);
  }

  /** Whether some that this node has taken for dead while it heard nobody are not back yet. @param since on the clock of `performance.now()` */
  #misses(since: number): boolean {
    const { nodes } = this.#broker.registry;
    return [...this.#nodes].some(([id, { lostAt }]) => lostAt >= since && nodes.get(id)?.available === false);
  }
}

/** This node could not hear the other for so long. */
function forgive(node: Known, lateMs: number, now: number): void {
  const later = (at: number) => (at === 0 ? 0 : Math.min(now, at + lateMs));
  node.heardAt = later(node.heardAt);
  node.calledAt = later(node.calledAt);
  if (node.answerBy > 0) node.answerBy = lateMs === Number.POSITIVE_INFINITY ? 0 : node.answerBy + lateMs;
}

const known = new WeakMap<ServiceBroker, Liveness>();

/** What a broker hears of the others. */
export function livenessOf(broker: ServiceBroker): Liveness {
  const made = known.get(broker) ?? new Liveness(broker);
  known.set(broker, made);
  return made;
}
