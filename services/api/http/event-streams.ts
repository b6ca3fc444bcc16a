/**
 * Server-sent events (HTML Living Standard, 9.2) over connections that stay open for hours. Before each event it is checked whether the client may
 * still get it. A client that reconnects with `Last-Event-ID` gets what it has missed or, if that is not known, an event that anything may have
 * changed.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { EVERYBODY, type Requester } from "./client-address.ts";
import { overloaded } from "./in-flight.ts";

/** Limits of one kind of streams in all, per client and per address. A large hospital has some hundred screens, many behind one address. */
const [MAX_STREAMS, MAX_PER_CLIENT, MAX_PER_ADDRESS] = [2_000, 600, 1_500];
/** Interval at which a comment keeps a quiet stream open, and its client is checked again, milliseconds. */
const HEARTBEAT_MS = 15_000;
/** A reader is disconnected after this time without reading, or with this much waiting. Milliseconds, bytes. */
const [READER_IDLE_MS, MAX_BUFFERED] = [30_000, 65_536];
/** Batches that are kept for clients that reconnect, and ids in them: minutes of a busy hospital. */
const [MAX_BATCHES, MAX_IDS] = [500, 5_000];
/** For how long they are kept after the last stream has ended. Milliseconds. */
const REMEMBERED_MS = 120_000;
/** After how long clients reconnect. Milliseconds. */
const RETRY_MS = 1_000;

/** One stream. */
export interface EventStream<Topic> {
  /** What the client is subscribed to, and who it is; renewed at each check. */
  topic: Topic;
  response: ServerResponse;
  requester: Requester;
  enter(): Promise<Topic>;
  /** Since when the reader has not taken what was sent; undefined: it takes everything. */
  blockedSince: number | undefined;
}

/** Defines a kind of streams. */
export interface EventStreamOptions<Topic, News> {
  /** The field `event` of each event. */
  event: string;
  isReady(): boolean;
  /** What is requested. @throws 400; 401 when this is not, or no longer, a signed-in person; 403; 404 */
  enter(request: IncomingMessage): Promise<Topic>;
  /** Whether the news concern a topic. */
  concerns(news: News, topic: Topic): boolean;
  /** The event for several news, oldest first, for a topic: JSON. */
  dataOf(news: News[], topic: Topic): object;
  /** Streams with the same value get the same event; undefined: each its own. */
  sameFor(topic: Topic): string | undefined;
  /** News that anything may have changed: clients read everything again. */
  anything: News;
  onOpen?(stream: EventStream<Topic>): void;
  onClose?(topic: Topic): void;
}

interface Batch<News> {
  news: News;
  ids: Set<string>;
  last: string;
  at: string;
}

/** The streams of one kind at one gateway. */
export class EventStreams<Topic, News> {
  readonly #options: EventStreamOptions<Topic, News>;
  readonly #streams = new Set<EventStream<Topic>>();
  readonly #perClient = new Map<string, number>();
  readonly #perAddress = new Map<string, number>();
  readonly #batches: Batch<News>[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  /** When the last stream ended. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: EventStreamOptions<Topic, News>) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.look(), HEARTBEAT_MS).unref();
  }

  /** Number of open streams. */
  get size(): number {
    return this.#streams.size;
  }

  /** Whether a client is connected, or may reconnect for what it has missed. */
  get isHeard(): boolean {
    return this.#streams.size > 0 || performance.now() - this.#lookedAt <= REMEMBERED_MS;
  }

  #isFull({ name, address }: Requester): boolean {
    const isAt = (counts: Map<string, number>, who: string, most: number) => who !== EVERYBODY && (counts.get(who) ?? 0) >= most;
    return (
      this.#streams.size >= MAX_STREAMS || isAt(this.#perClient, name, MAX_PER_CLIENT) || isAt(this.#perAddress, address, MAX_PER_ADDRESS)
    );
  }

  #count({ name, address }: Requester, more: number): void {
    for (const [counts, who] of [
      [this.#perClient, name],
      [this.#perAddress, address],
    ] as const) {
      const count = (counts.get(who) ?? 0) + more;
      if (count > 0) counts.set(who, count);
      else counts.delete(who);
    }
  }

  /** Takes over a request. @throws 400, 401, 403, 404, 503 before anything is sent */
  async open(request: IncomingMessage, response: ServerResponse, requester: Requester): Promise<void> {
    const enter = () => this.#options.enter(request);
    const topic = await enter();
    if (this.#isFull(requester) || !this.#options.isReady()) throw overloaded();
    if (response.destroyed) return;
    // While there were no streams, news were not kept: the batches from before have an unknown gap after them.
    if (!this.isHeard) this.#batches.length = 0;
    const stream: EventStream<Topic> = { response, requester, topic, enter, blockedSince: undefined };
    this.#streams.add(stream);
    this.#count(requester, 1);
    response.once("close", () => this.#forget(stream));
    response.on("error", () => {}); // "close" follows
    request.socket.setNoDelay(true);
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
    this.write(stream, `retry: ${RETRY_MS}\n: open\n\n`);
    const last = request.headers["last-event-id"];
    if (typeof last === "string" && last !== "") this.#catchUp(stream, last);
    this.#options.onOpen?.(stream);
  }

  /** @param ids of the durable events concerned, the newest last; none: clients that reconnect get these news in any case */
  tell(news: News, ids: string[]): void {
    const last = ids.at(-1) ?? this.#batches.at(-1)?.last ?? "";
    const batch: Batch<News> = { news, ids: new Set(ids), last, at: new Date().toISOString() };
    this.#batches.push(batch);
    let count = this.#batches.reduce((sum, one) => sum + one.ids.size, 0);
    while (this.#batches.length > MAX_BATCHES || count > MAX_IDS) count -= this.#batches.shift()?.ids.size ?? 0;
    const { concerns, sameFor } = this.#options;
    const texts = new Map<string, string>();
    this.each(
      (stream) => {
        const name = sameFor(stream.topic);
        const text = (name !== undefined && texts.get(name)) || this.#eventOf([batch], stream.topic);
        if (name !== undefined) texts.set(name, text);
        this.write(stream, text);
      },
      (topic) => concerns(news, topic),
    );
  }

  /** Tells all clients to read everything again, after news were lost. */
  refreshAll(): void {
    if (this.#streams.size > 0) this.tell(this.#options.anything, [`lost-${Date.now()}`]);
  }

  /** Calls `work` for each stream with a matching topic whose person may still get it; ends those whose person may not. */
  each(work: (stream: EventStream<Topic>) => void, isMeant: (topic: Topic) => boolean = () => true): void {
    for (const stream of this.#streams) {
      if (!isMeant(stream.topic)) continue; // first, as checking a token costs more
      stream.enter().then(
        (topic) => {
          stream.topic = topic;
          if (isMeant(topic)) work(stream);
        },
        (error: { code?: number }) => (error.code === 401 || error.code === 403) && stream.response.end(),
      );
    }
  }

  /** Ends streams whose token is no longer valid, and those that are not read; keeps the others open. */
  look(): void {
    const now = performance.now();
    for (const stream of this.#streams) {
      const { response } = stream;
      stream.blockedSince = response.writableLength > 0 ? (stream.blockedSince ?? now) : undefined;
      if (now - (stream.blockedSince ?? now) >= READER_IDLE_MS) response.destroy();
    }
    this.each((stream) => this.write(stream, ": here\n\n"));
  }

  /** Sends a text, unless the reader is too slow. */
  write({ response }: EventStream<Topic>, text: string): void {
    if (response.writableEnded || response.destroyed) return;
    if (response.writableLength > MAX_BUFFERED) response.destroy();
    else response.write(text);
  }

  /** Ends all streams: this gateway stops, and clients reconnect to another. */
  close(): void {
    clearInterval(this.#heartbeat);
    for (const { response } of this.#streams) response.end();
  }

  #forget(stream: EventStream<Topic>): void {
    if (!this.#streams.delete(stream)) return;
    if (this.#streams.size === 0) this.#lookedAt = performance.now();
    this.#count(stream.requester, -1);
    this.#options.onClose?.(stream.topic);
  }

  /** Sends what was missed since an event, or if that is unknown here, that anything may have changed. */
  #catchUp(stream: EventStream<Topic>, last: string): void {
    const { anything, concerns } = this.#options;
    const index = this.#batches.findIndex(({ ids }) => ids.has(last));
    if (index < 0) {
      const newest = this.#batches.at(-1)?.last ?? last.slice(0, 200);
      const unknown: Batch<News> = { news: anything, ids: new Set(), last: newest, at: new Date().toISOString() };
      this.write(stream, this.#eventOf([unknown], stream.topic));
      return;
    }
    // Another gateway may have sent only part of the batch with that event.
    const isWhole = this.#batches[index]?.last === last;
    const missed = this.#batches.slice(isWhole ? index + 1 : index).filter(({ news }) => concerns(news, stream.topic));
    if (missed.length > 0) this.write(stream, this.#eventOf(missed, stream.topic));
  }

  #eventOf(batches: Batch<News>[], topic: Topic): string {
    const { event, dataOf } = this.#options;
    const newest = batches.at(-1);
    const all = batches.map(({ news }) => news);
    const data = { ...dataOf(all, topic), at: newest?.at };
    // A line break would start another field.
    const id = (newest?.last ?? "").replace(/[\r\n\0]/g, "");
    return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}
