/**
 * Moleculer's transporter over NATS, with additions:
 *
 * - nodes are identified by keys: every message is sealed, and untrusted ones are dropped (mesh/trust);
 * - packets over the server's `max_payload` are sent in parts instead of failing;
 * - a lost connection is noticed at once: pending calls fail with a retryable error instead of hanging, new
 *   ones are refused, memory caches are emptied (changes meanwhile could not be announced);
 * - the server's announcement of a closed connection removes a dead node from the registry within milliseconds;
 *   heartbeats are the second line;
 * - calls that may have got lost with one of several servers are not waited for.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Context, Errors, Transporters } from "moleculer";
import { connect, headers, type Msg, type NatsConnection } from "nats";
import { trackedCalls } from "./moleculer.ts";
import { announceMetadata } from "./announce.ts";
import { timeLeft } from "./deadline.ts";
import { Assembly, cut, LIMITS } from "./fragments.ts";
import { type PacketPayload, refusalOf, reportRefusal, type UnderWay } from "./incoming-packets.ts";
import { SUSPECT } from "./liveness.ts";
import { type PendingCall, rejectLostCalls } from "./lost-calls.ts";
import { connectionOptions } from "./nats-options.ts";
import { OutgoingPackets } from "./outgoing-packets.ts";
import { unpackBatch } from "./packet-batch.ts";
import { PendingRequests } from "./pending-requests.ts";
import type { Certificate } from "./trust/certificate.ts";
import { ENVELOPE_BYTES } from "./trust/envelope.ts";
import { refusedPackets } from "./metrics.ts";
import { Gate, PacketRefusal } from "./trust/gate.ts";
import type { OwnNode } from "./trust/hello.ts";
import type { MeshKeys } from "./trust/key-files.ts";

/** Options of the transporter. */
export interface MeshTransporterOptions {
  /** One or more server URLs, separated by commas. */
  natsUrl: string;
  /** File of the seed of this node's user; absent: the URL contains the user. */
  nkeyFile?: string;
  /** CA file of the servers' certificates (TLS); absent: the well-known CAs. */
  caFile?: string;
  /** Subject on which closed connections are announced; absent: only heartbeats tell. */
  disconnectSubject?: string;
  /** Keys that this node trusts, and its own. */
  keys: MeshKeys;
  /** How it introduces itself; its id is the broker's. */
  own: OwnNode;
}

/** Header of a message that is one part of a packet. */
const PART = "part";
/** Bytes for a part's subject and header, which count towards `max_payload`. */
const PART_OVERHEAD = 512;
const FLUSH_MS = 1_000; // when leaving; a server that has gone never answers
/** Interval at which abandoned calls and parts are removed, milliseconds: a leaving node waits for them no longer than this. */
const EXPIRY_MS = 1_000;
/** Interval of attempts to reconnect. */
const RETRY_MS = 250;
const RETRY_JITTER_MS = 250;
/** Time between a reconnect and its announcement, milliseconds. */
const ANNOUNCED_AFTER_MS = RETRY_MS + RETRY_JITTER_MS;

/** Identifies a node's connection to a server, so that the announcement of an older closed connection does not affect a newer one. */
interface ConnectionMark {
  server: string;
  client: number;
}

type Packet = Parameters<Transporters.NATS["publish"]>[0];

/** The members of NATS's announcement that are read. */
interface Disconnected {
  server?: { id?: string };
  client?: { id?: number; name?: string };
}

/** The sender's error for a packet that is too large for all nodes. */
const packetTooLarge = (bytes: number) =>
  new Errors.MoleculerClientError(`A message of ${bytes} bytes is larger than the mesh carries.`, 413, "PACKET_TOO_LARGE", {
    bytes,
    limit: LIMITS.packetBytes,
  });

/** Moleculer's transporter over NATS, with sealed messages, packets in parts, and detection of lost connections. */
export class MeshTransporter extends Transporters.NATS {
  declare client: NatsConnection | null;
  /** Set by Moleculer's `init`; not declared in its types. */
  declare messageHandler: (command: string, packet: unknown) => Promise<boolean>;
  readonly #options: MeshTransporterOptions;
  /** Assembles parts of envelopes, which are larger than their packets. */
  readonly #assembly = new Assembly({ ...LIMITS, packetBytes: LIMITS.packetBytes + ENVELOPE_BYTES });
  #expiry: NodeJS.Timeout | undefined;
  readonly #outbox = new OutgoingPackets((topic, data) => this.#publish(topic, this.#gate.seal(topic, this.#receiverOf(topic), data)));
  readonly #gate: Gate;
  readonly #pending = new PendingRequests<PendingCall>();

  constructor(options: MeshTransporterOptions) {
    super({});
    this.#options = options;
    this.#gate = new Gate(options.own, options.keys.trusted);
    // Moleculer's own balancer is used: with that of NATS, a pending call to a node that dies would never be rejected.
    this.hasBuiltInBalancer = false;
  }

  /** Number of servers of the mesh in NATS_URL. */
  get serverCount(): number {
    return this.#options.natsUrl.split(",").length;
  }

  /** The keys that this node trusts, and its own. */
  get keys(): MeshKeys {
    return this.#options.keys;
  }

  /** A node's certificate; undefined for an unknown node. */
  certificateOf(node: string): Certificate | undefined {
    return node === this.nodeID ? this.#options.keys.certificate : this.#gate.certificateOf(node);
  }

  override init(...args: Parameters<Transporters.NATS["init"]>): void {
    super.init(...args);
    // Its types require a whole Map; its code uses no more of it than this.
    this.transit.pendingRequests = this.#pending as unknown as typeof this.transit.pendingRequests;
    rejectLostCalls(this.broker, this.#pending, ANNOUNCED_AFTER_MS);
    for (const reason of Object.values(PacketRefusal)) refusedPackets.labels(reason).inc(0); // the first one is a rise from 0
  }

  /** Moleculer retries every 5 seconds while this fails; after the first success the client reconnects by itself. */
  override async connect(): Promise<void> {
    const client = await connect({
      ...connectionOptions(this.#options.natsUrl, this.#options.nkeyFile, this.#options.caFile),
      name: this.nodeID, // by which the server announces that the connection is closed
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true, // a changed password must not close the client for good
      reconnectTimeWait: RETRY_MS,
      reconnectJitter: RETRY_JITTER_MS, // nodes do not reconnect all at once
      pingInterval: 5_000, // with the next line: a silent server is given up after 10 to 15 s
      maxPingOut: 2,
    });
    this.client = client;
    this.#mark(client);
    if (this.#options.disconnectSubject) client.subscribe(this.#options.disconnectSubject, { callback: (_, msg) => this.#evict(msg) });
    this.#expiry = setInterval(() => this.#expire(), EXPIRY_MS).unref();
    void this.#watch(client);
    await this.onConnected();
  }

  override async disconnect(): Promise<void> {
    this.#outbox.flush(); // the announcement that this node leaves
    const { client } = this;
    this.client = null;
    this.connected = false;
    clearInterval(this.#expiry);
    if (!client || client.isClosed()) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, FLUSH_MS);
    });
    await Promise.race([client.flush().catch(() => {}), patience]);
    clearTimeout(timer);
    await client.close();
  }

  /**
   * Announces this node's services to all; resolves when the server has passed it on. Moleculer would do so a moment after
   * it reports that it has started, and a caller that waited for that would call too early.
   */
  async announce(): Promise<void> {
    await this.transit.discoverer.sendLocalNodeInfo();
    await this.client?.flush().catch(() => {}); // if the connection is lost now, it is announced again after the reconnect
  }

  /** Subscribes also to heartbeats for this node alone, and to suspicions (mesh/liveness.ts). */
  override makeSubscriptions(topics: Parameters<Transporters.NATS["makeSubscriptions"]>[0]) {
    const own = [{ cmd: "HEARTBEAT", nodeID: this.nodeID }, { cmd: SUSPECT }] as typeof topics;
    return super.makeSubscriptions([...topics, ...own]);
  }

  override async subscribe(command: string, nodeID?: string): Promise<void> {
    this.client?.subscribe(this.getTopicName(command, nodeID), {
      callback: (error, msg) => {
        if (error) this.logger.error(`NATS refuses the subscription to ${command}.`, error.message);
        else this.#receivePart(command, msg);
      },
    });
  }

  /** Serialises once. An answer that is too large becomes an error, since its caller would otherwise wait for the timeout. */
  override publish(packet: Packet): Promise<void> {
    // The node left, or died, after it was selected: it would never answer, and its pending calls have been rejected.
    if (packet.type === "REQ" && packet.target && this.broker.registry.nodes.get(packet.target)?.available === false) {
      const { action = "" } = packet.payload as { action?: string };
      return this.#refuse(packet, new Errors.RequestRejectedError({ action, nodeID: packet.target }));
    }
    const topic = this.getTopicName(packet.type, packet.target ?? undefined);
    let data = this.serialize(packet);
    if (data.length > LIMITS.packetBytes) {
      const error = packetTooLarge(data.length);
      const payload = packet.payload as { success?: boolean; data?: unknown; error?: unknown };
      if (packet.type !== "RES" || !payload.success) return this.#refuse(packet, error);
      this.logger.error(error.message);
      packet.payload = { ...payload, success: false, data: null, error: this.transit._createPayloadErrorField(error, payload) };
      data = this.serialize(packet);
    }
    return this.send(topic, data);
  }

  /** Handles a packet that is not sent. The caller of a call gets the error at once; Moleculer would only log it. */
  #refuse(packet: Packet, error: Error): Promise<void> {
    const { id = "" } = packet.payload as { id?: string };
    const waiting = packet.type === "REQ" ? this.transit.pendingRequests.get(id) : undefined;
    if (!waiting) return this.broker.Promise.reject(error) as Promise<void>;
    this.transit.pendingRequests.delete(id);
    waiting.reject(error);
    return this.broker.Promise.resolve() as Promise<void>;
  }

  override send(topic: string, data: Buffer): Promise<void> {
    return this.#outbox.send(topic, data);
  }

  /** `MOL-….REQ.lab-1` is for `lab-1`, `MOL-….INFO` for all. */
  #receiverOf(topic: string): string | undefined {
    const dot = topic.indexOf(".", this.prefix.length + 1);
    return dot < 0 ? undefined : topic.slice(dot + 1);
  }

  #publish(topic: string, data: Buffer): void {
    const { client } = this;
    if (!client) throw disconnected();
    const limit = client.info?.max_payload ?? 1_048_576;
    if (data.length <= limit) {
      client.publish(topic, data);
      return;
    }
    for (const [label, part] of cut(randomBytes(12).toString("hex"), data, limit - PART_OVERHEAD)) {
      const head = headers();
      head.set(PART, label);
      client.publish(topic, part, { headers: head });
    }
  }

  #receivePart(command: string, msg: Msg): void {
    const label = msg.headers?.get(PART);
    // A view, not a copy: the client has a buffer of its own for each chunk of the socket.
    const data = Buffer.from(msg.data.buffer, msg.data.byteOffset, msg.data.byteLength);
    const packet = label ? this.#assembly.add(label, data, performance.now()) : data;
    if (!packet) return;
    const opened = this.#gate.open(msg.subject, packet);
    if (!opened) return;
    if ("refused" in opened) reportRefusal(this.broker, opened.refused, opened.sender);
    else for (const one of unpackBatch(opened.body)) this.#take(command, one, opened.sender);
  }

  /** Replaces Moleculer's `receive`, which would trust the packet about its sender. */
  #take(command: string, data: Buffer, sender: string): void {
    let packet: ReturnType<Transporters.NATS["deserialize"]>;
    try {
      packet = this.deserialize(command, data);
    } catch (error) {
      this.logger.warn(`A packet of ${sender} cannot be read: ${command}.`, (error as Error).message);
      return;
    }
    const payload = packet.payload as PacketPayload;
    // Private members of the transit.
    const refused = refusalOf(command, payload, sender, this.#gate.certificateOf(sender), this.transit as unknown as UnderWay);
    if (refused) reportRefusal(this.broker, refused, sender);
    else void this.messageHandler(command, packet);
  }

  /**
   * Moleculer drops a remote call whose caller has given up, but still waits for it before the node leaves: its context would
   * stay forever.
   */
  #expire(): void {
    this.#assembly.expire(performance.now());
    const calls = trackedCalls(this.broker);
    for (let at = calls.length - 1; at >= 0; at -= 1) if (timeLeft(calls[at] as Context) <= 0) calls.splice(at, 1);
  }

  async #watch(client: NatsConnection): Promise<void> {
    for await (const status of client.status()) {
      if (this.client !== client) return;
      if (status.type === "disconnect") this.#lost();
      else if (status.type === "reconnect") await this.#regained(client);
      else if (status.type === "error") this.logger.warn(`NATS: ${String(status.data)}`);
    }
  }

  #lost(): void {
    if (!this.connected) return;
    this.connected = false; // from now on Moleculer refuses calls at once
    this.logger.warn("The connection to NATS is lost; trying to get it back.");
    this.#assembly.clear();
    // All nodes count as unreachable until they announce themselves: a call to one that reconnects later than this one would wait for its timeout.
    const { nodes } = this.broker.registry;
    for (const { id, local } of nodes.toArray()) if (!local) nodes.disconnected(id, false);
    const waiting = new Set([...this.transit.pendingRequests.values()].map((request) => request.nodeID));
    for (const node of waiting) this.transit.removePendingRequestByNodeID(node);
    this.broker.broadcastLocal("$transporter.disconnected", { graceFul: false });
  }

  async #regained(client: NatsConnection): Promise<void> {
    // The server must have our subscriptions before this node announces itself: a call that arrives earlier is lost.
    try {
      await client.flush();
    } catch {
      return; // lost once more; another status event will follow
    }
    // By then the other nodes have reconnected: a call to one that has not would wait for its timeout instead of being refused.
    await delay(ANNOUNCED_AFTER_MS);
    if (this.client !== client) return;
    this.logger.info("The connection to NATS is back.");
    this.#mark(client);
    this.broker.broadcastLocal("$mesh.reconnected");
    this.onConnected(true).catch((error: Error) =>
      this.logger.error("This node could not announce to the mesh that it is back.", error.message),
    );
  }

  /** Announced with this node's INFO, so that others know which connection is its own. */
  #mark(client: NatsConnection): void {
    const mark: ConnectionMark = { server: client.info?.server_id ?? "", client: client.info?.client_id ?? 0 };
    announceMetadata(this.broker, "connection", mark);
  }

  #evict(msg: Msg): void {
    const { server, client } = parse(msg);
    const node = client?.name ? this.broker.registry.nodes.get(client.name) : undefined;
    if (!node?.available || node.local) return;
    const mark = node.metadata?.["connection"] as ConnectionMark | undefined;
    if (mark && (mark.server !== server?.id || mark.client !== client?.id)) return; // it has a newer connection
    this.broker.registry.nodes.disconnected(node.id, true);
  }
}

/** Moleculer's types require arguments that its constructor does not take. */
const disconnected = () => new (Errors.BrokerDisconnectedError as unknown as new () => Errors.BrokerDisconnectedError)();

function parse(msg: Msg): Disconnected {
  try {
    return msg.json<Disconnected>();
  } catch {
    return {}; // a foreign message on this subject
  }
}
