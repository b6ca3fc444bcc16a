/**
 * Events over NATS JetStream: one stream for the mesh, and one durable pull consumer per service and partition, which the service's replicas
 * share. The partition of an event follows from its record, and each partition delivers one message at a time, so events of one record are
 * handled in order, whichever replica handles them.
 */
import { createHash } from "node:crypto";
import { type EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { listServices } from "../../mesh/moleculer.ts";
import { type ConsumerMessages, headers, type JetStreamClient, type JetStreamManager, type JsMsg } from "nats";
import { membershipOf } from "../../federation/membership.ts";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { anomaliesOf } from "../../mesh/anomalies.ts";
import { mapConcurrent } from "../../mesh/map-concurrent.ts";
import { refusedPackets } from "../../mesh/metrics.ts";
import type { MeshTransporter } from "../../mesh/transporter.ts";
import type { Certificate } from "../../mesh/trust/certificate.ts";
import { PacketRefusal } from "../../mesh/trust/gate.ts";
import type { WaitingEvent } from "../../store/writes.ts";
import { type EventConsumer, LONGEST_STREAM_PAUSE_MS } from "./consumer.ts";
import { type DurableEvent, eventFrom } from "./event.ts";
import { type LateEvents, TRIES_BEFORE_LATE } from "./late-events.ts";
import { eventsIn, mayTell, SIGNED, signatureOf, signerOf } from "./signed-events.ts";
import { ensureStream, ofEachPartition } from "./stream.ts";
import { StreamGauge } from "./stream-gauge.ts";
import { CLAIM_MS, consumerName, ensureConsumer, PARTITIONS, type StreamNames } from "./stream-consumers.ts";
import type { EventTransport } from "./transport.ts";

/** Longest time for which a handler's claim is renewed: a handler that hangs would otherwise block its partition forever. */
const LONGEST_CLAIM_MS = 600_000;
/** Events and characters in one message: a server accepts messages of 1 MB, and UTF-8 takes up to three bytes per character. */
const [MAX_BATCH, MAX_BATCH_CHARACTERS] = [100, 250_000];
const PUBLISH_MS = 5_000;
const RETRY_MS = 1_000;
/** Records of one message whose events are handled at the same time: their effects share commits. */
const MAX_AT_ONCE = 16;
/** Events whose tries are counted. A node works on one message per partition; others are with other nodes. */
const MAX_TRIED = 10_000;

interface Registered {
  events: string[];
  consumer: EventConsumer;
  stopping: AbortController;
  messages: Set<ConsumerMessages>;
  /** How often this node has tried each event that is not yet handled. */
  tries: Map<string, number>;
  /** Partitions whose consumer has been ensured since this service started. */
  begun: Set<number>;
  gauge: StreamGauge;
  work: Promise<unknown>;
}

/** A service of a process, as Moleculer lists it. */
interface Listed {
  name: string;
  nodeID: string;
  metadata?: { events?: { handles?: string[] } };
}

interface Opened {
  js: JetStreamClient;
  jsm: JetStreamManager;
}

/** The stream of a mesh, as used by one node. */
export class JetStreamTransport implements EventTransport {
  readonly isLocal = false;
  readonly #broker: ServiceBroker;
  readonly #transporter: MeshTransporter;
  readonly #registered = new Map<string, Registered>();
  /** Messages not yet sent, by subject. */
  readonly #batches = new Map<string, { texts: string[]; characters: number; sent: Promise<void> }>();
  /** Retired services whose consumers have been deleted. */
  readonly #forgotten = new Set<string>();
  #opening: Promise<Opened> | undefined;

  constructor(broker: ServiceBroker, transporter: MeshTransporter) {
    this.#broker = broker;
    this.#transporter = transporter;
    const membership = membershipOf(broker);
    membership.onChange(() => {
      for (const [service, { isRetired }] of Object.entries(membership.all)) {
        if (isRetired) void this.#forget(service);
        else this.#forgotten.delete(service);
      }
    });
  }

  /** Deletes the consumers of a service that an operator has retired. If it comes back, it starts with new ones. */
  async #forget(service: string): Promise<void> {
    if (this.#forgotten.has(service) || this.#isSeen(service)) return;
    this.#forgotten.add(service);
    try {
      const { jsm } = await this.#open();
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        await jsm.consumers.delete(this.#stream, consumerName(service, partition)).catch(() => {});
      } // another node was quicker
    } catch {
      this.#forgotten.delete(service); // NATS is away: retried at the next membership change, or by another node
    }
  }

  #isSeen(service: string): boolean {
    return this.#listed().some(({ name }) => name === service);
  }

  /** The other processes that run the service. */
  #replicas(service: string): Listed[] {
    return this.#listed().filter(({ name, nodeID }) => name === service && nodeID !== this.#broker.nodeID);
  }

  #isHandledElsewhere(service: string, event: string): boolean {
    const whole = `${event.slice(0, event.indexOf("."))}.*`;
    return this.#replicas(service).some(({ metadata }) => metadata?.events?.handles?.some((name) => name === event || name === whole));
  }

  #listed(): Listed[] {
    return listServices(this.#broker);
  }

  /** Events sent in one turn of the event loop for one partition share a message: the server's disk takes some hundred messages a second. */
  send({ place: _, ...event }: WaitingEvent): Promise<void> {
    const subject = this.#subject(partitionOf(event.key), event.subject);
    const text = JSON.stringify(event);
    const open = this.#batches.get(subject);
    if (open && open.texts.length < MAX_BATCH && open.characters + text.length <= MAX_BATCH_CHARACTERS) {
      open.texts.push(text);
      open.characters += text.length;
      return open.sent;
    }
    const batch = { texts: [text], characters: text.length, sent: Promise.resolve() };
    batch.sent = new Promise((resolve) => setImmediate(resolve)).then(() => {
      if (this.#batches.get(subject) === batch) this.#batches.delete(subject);
      return this.#publish(subject, `[${batch.texts.join(",")}]`);
    });
    this.#batches.set(subject, batch);
    return batch.sent;
  }

  async #publish(subject: string, text: string): Promise<void> {
    try {
      const { js } = await this.#open();
      const signed = headers();
      signed.set(SIGNED, signatureOf(subject, text, this.#transporter.keys.signer));
      await js.publish(subject, text, { headers: signed, msgID: createHash("sha256").update(text).digest("base64"), timeout: PUBLISH_MS });
    } catch (error) {
      this.#opening = undefined; // the stream may have been lost with its disk
      throw error;
    }
  }

  register(service: string, events: string[], consumer: EventConsumer): void {
    this.#registered.set(service, {
      events,
      consumer,
      stopping: new AbortController(),
      messages: new Set(),
      tries: new Map(),
      begun: new Set(),
      gauge: new StreamGauge(service),
      work: Promise.resolve(),
    });
  }

  start(service: string): void {
    const own = this.#registered.get(service);
    if (!own || own.events.length === 0) return;
    own.gauge.start(async () => {
      const { jsm } = await this.#open();
      return await Promise.all(ofEachPartition((partition) => jsm.consumers.info(this.#stream, consumerName(service, partition))));
    });
    own.work = this.#announced(own.stopping.signal).then(() =>
      Promise.all(ofEachPartition((partition) => this.#consume(service, own, partition))),
    );
  }

  /** Other replicas must know which events this one handles before events arrive that it does not handle. */
  async #announced(signal: AbortSignal): Promise<void> {
    const { started, localBus } = this.#broker;
    // Moleculer declares an older EventEmitter interface; at run time it is Node's, or has all of its members.
    if (!started) await once(localBus as unknown as EventEmitter, "$broker.started", { signal }).catch(() => {}); // stopped before
  }

  async stop(service: string): Promise<void> {
    const own = this.#registered.get(service);
    own?.stopping.abort();
    own?.gauge.stop();
    for (const messages of own?.messages ?? []) messages.stop();
    await own?.work;
  }

  get #stream(): string {
    return `${this.#broker.namespace}-events`;
  }

  get #names(): StreamNames {
    return { stream: this.#stream, subject: (partition, event) => this.#subject(partition, event) };
  }

  #subject(partition: number, event: string): string {
    return `${this.#broker.namespace}.event.${partition}.${event}`;
  }

  /** @throws when NATS is away or has no JetStream */
  #open(): Promise<Opened> {
    if (!this.#transporter.connected) return Promise.reject(new Error("NATS is away."));
    this.#opening ??= this.#make().catch((error: Error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #make(): Promise<Opened> {
    const { client } = this.#transporter;
    if (!client) throw new Error("NATS is away.");
    const jsm = await client.jetstreamManager({ timeout: PUBLISH_MS });
    const { serverCount: servers } = this.#transporter;
    await ensureStream(jsm, { names: this.#names, servers, members: membershipOf(this.#broker).all });
    return { js: client.jetstream(), jsm };
  }

  /** Handles the events of one partition in order until the service stops. */
  async #consume(service: string, own: Registered, partition: number): Promise<void> {
    const { signal } = own.stopping;
    let hasWarned = false;
    while (!signal.aborted) {
      try {
        const messages = await this.#messagesOf(service, own, partition);
        own.messages.add(messages);
        if (signal.aborted) messages.stop();
        for await (const message of messages) {
          hasWarned = false;
          own.gauge.begun(partition, message);
          if (await this.#handle(message, service, own)) own.gauge.handled(partition);
        }
        own.messages.delete(messages);
      } catch (error) {
        if (!hasWarned && partition === 0 && !signal.aborted) {
          this.#broker.logger.warn(`${service} gets no events at the moment: ${(error as Error).message}`);
        }
        hasWarned = true;
        this.#opening = undefined;
      }
      await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #messagesOf(service: string, own: Registered, partition: number): Promise<ConsumerMessages> {
    const { js, jsm } = await this.#open();
    // A service's only running version decides the filter; beside an older or newer replica, filters are only added.
    const isNarrowed = !own.begun.has(partition) && this.#replicas(service).length === 0;
    await ensureConsumer(jsm, this.#names, { service, partition, events: own.events, isNarrowed });
    own.begun.add(partition);
    const consumer = await js.consumers.get(this.#stream, consumerName(service, partition));
    return consumer.consume({ max_messages: 1, abort_on_missing_resource: true });
  }

  #signerOf({ subject, data, headers, info }: JsMsg): Certificate | undefined {
    return signerOf(subject, data, headers?.get(SIGNED) ?? "", this.#transporter.keys.trusted, info.timestampNanos / 1_000_000);
  }

  /** @returns undefined when the event was set aside; otherwise the milliseconds until the next try */
  async #refuse(event: DurableEvent, consumer: EventConsumer): Promise<number | undefined> {
    refusedPackets.labels(PacketRefusal.notCertified).inc();
    anomaliesOf(this.#broker).report({ kind: AnomalyKind.refusedPacket, subject: `${PacketRefusal.notCertified} event ${event.event}` });
    return (await consumer.refuse(event)) ? undefined : RETRY_MS;
  }

  /** Handles the events of one record. @returns undefined when none of them needs the stream any more; otherwise the milliseconds until the next try */
  async #inOrder(events: WaitingEvent[], signer: Certificate | undefined, own: Registered, late: LateEvents): Promise<number | undefined> {
    for (const waiting of events) {
      const event = eventFrom(waiting);
      const isBelieved = signer !== undefined && mayTell(signer, event);
      const pause = isBelieved ? await this.#attempt(waiting, own, late) : await this.#refuse(event, own.consumer);
      if (pause !== undefined) return pause;
    }
    return undefined;
  }

  /** Tries an event once, unless an earlier one of its record is late. @returns undefined when it was handled, set aside or is late */
  async #attempt(waiting: WaitingEvent, { consumer, tries }: Registered, late: LateEvents): Promise<number | undefined> {
    const before = tries.get(waiting.id) ?? 0;
    tries.delete(waiting.id);
    const isBehind = late.has(waiting.key);
    const pause = isBehind ? RETRY_MS : await consumer.attempt(eventFrom(waiting), before, LONGEST_STREAM_PAUSE_MS);
    if (pause === undefined) return undefined;
    if ((isBehind || before + 1 >= TRIES_BEFORE_LATE) && (await late.add(waiting))) return undefined;
    // The next try may happen on another node; counts that are dropped here start again.
    if (tries.size >= MAX_TRIED) tries.clear();
    tries.set(waiting.id, before + 1);
    return pause;
  }

  /** @returns whether none of it is left to do */
  async #handle(message: JsMsg, service: string, own: Registered): Promise<boolean> {
    const { consumer, stopping } = own;
    if (stopping.signal.aborted) {
      message.nak();
      return false;
    }
    const events = eventsIn(message.data);
    if (!events) {
      message.term(); // not a message of this mesh
      return true;
    }
    if (events.some(({ subject }) => !consumer.handles(subject) && this.#isHandledElsewhere(service, subject))) {
      message.nak(RETRY_MS); // for a replica of another version, during a rolling upgrade
      return false;
    }
    const late = await consumer.late();
    if (!late) {
      message.nak(RETRY_MS);
      return false;
    }
    const signer = this.#signerOf(message);
    const begun = performance.now();
    const claim = setInterval(() => {
      if (performance.now() - begun < LONGEST_CLAIM_MS) message.working();
    }, CLAIM_MS / 3).unref();
    try {
      // An event that must wait, and is not late yet, holds up those behind it of its record. The message is delivered again; what was handled is then
      // found already handled.
      const records = [...Map.groupBy(events, ({ key }) => key).values()];
      const pauses = await mapConcurrent(records, (ofOne) => this.#inOrder(ofOne, signer, own, late), MAX_AT_ONCE);
      const pause = Math.max(...pauses.map((one) => one ?? 0));
      if (pause > 0) {
        message.nak(Math.ceil(pause));
        return false;
      }
      message.ack();
      return true;
    } finally {
      clearInterval(claim);
    }
  }
}

/** Partition of a record's events. */
export const partitionOf = (key: string): number => (createHash("sha256").update(key).digest()[0] as number) % PARTITIONS;
