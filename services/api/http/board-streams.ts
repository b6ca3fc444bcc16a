/**
 * Pages that look at a board hear that it has changed, as server-sent events (HTML Living Standard, 9.2): which wards and beds, never who
 * lies there. Who comes back with `Last-Event-ID` hears of what was missed, or, where that is not known here, that all may have changed.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BoardChanges, Touched } from "../../wards/board-events.contract.ts";
import { MAX_TOUCHED } from "../../wards/board-events.contract.ts";
import { EVERYBODY } from "./client-address.ts";
import { httpError } from "./errors.ts";
import { overloaded } from "./in-flight.ts";

/** Where clients listen. */
export const BOARD_EVENTS_PATH = "/api/wards/board/events";
/** Streams in all, and of one client where clients can be told apart. A large hospital has some hundred screens, a few behind one address. */
const [MAX_STREAMS, MAX_PER_CLIENT] = [2_000, 600];
/** Changes that come within this are told together. Milliseconds. */
const GATHER_MS = 50;
/** A stream without events is kept open by a comment so often, and who listens is asked for again. Milliseconds. */
const HEARTBEAT_MS = 15_000;
/** A reader that has taken nothing for so long, or so little that this waits for it, is given up. Milliseconds, bytes. */
const [READER_IDLE_MS, MAX_BUFFERED] = [30_000, 65_536];
/** Batches that are remembered for those who come back, and ids in them: minutes of a busy house. */
const [MAX_BATCHES, MAX_IDS] = [500, 5_000];
/** After the last stream so long. Milliseconds. */
const REMEMBERED_MS = 120_000;
/** A client comes back after this. Milliseconds. */
const RETRY_MS = 1_000;
const WARD = /^Location\/[A-Za-z0-9\-.]{1,64}$/;

interface Stream {
  response: ServerResponse;
  client: string;
  ward: string | undefined;
  enter(): Promise<unknown>;
  /** When it was seen first that it waits for its reader; undefined: the reader takes what comes. */
  blockedSince: number | undefined;
}

interface Batch extends BoardChanges {
  ids: Set<string>;
  last: string;
  at: string;
}

/** What the streams need of the gateway. */
export interface BoardStreamOptions {
  isReady(): boolean;
  /** @throws 401 when this is not, or no longer, somebody who is signed in; 403 when they may not see boards */
  enter(request: IncomingMessage): Promise<unknown>;
  /** Which wards these are about. */
  locate(touched: Touched[]): Promise<BoardChanges>;
}

/** Whether a request is for a stream. */
export const isForBoardStream = ({ method, url = "" }: IncomingMessage): boolean =>
  method === "GET" && url.split("?", 1)[0] === BOARD_EVENTS_PATH;

/** The streams of one gateway. */
export class BoardStreams {
  readonly #options: BoardStreamOptions;
  readonly #streams = new Set<Stream>();
  readonly #perClient = new Map<string, number>();
  readonly #batches: Batch[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  #touched: Touched[] = [];
  #isOverflown = false;
  #gathering: NodeJS.Timeout | undefined;
  #isAsking = false;
  /** When the last stream ended. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: BoardStreamOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.look(), HEARTBEAT_MS).unref();
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Takes a request over. @throws 400, 401, 403, 503 before anything is sent */
  async open(request: IncomingMessage, response: ServerResponse, client: string): Promise<void> {
    const query = new URLSearchParams((request.url ?? "").split("?")[1]);
    const ward = query.get("ward") ?? undefined;
    if (ward !== undefined && !WARD.test(ward)) throw httpError(400, "BAD_WARD", "`ward` must be a reference like Location/1.");
    const enter = () => this.#options.enter(request);
    await enter();
    const isFull = this.#streams.size >= MAX_STREAMS || (client !== EVERYBODY && (this.#perClient.get(client) ?? 0) >= MAX_PER_CLIENT);
    if (isFull || !this.#options.isReady()) throw overloaded();
    if (response.destroyed) return;
    const stream: Stream = { response, client, ward, enter, blockedSince: undefined };
    this.#streams.add(stream);
    this.#perClient.set(client, (this.#perClient.get(client) ?? 0) + 1);
    response.once("close", () => this.#forget(stream));
    response.on("error", () => {}); // its end follows
    request.socket.setNoDelay(true);
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
    this.#write(stream, `retry: ${RETRY_MS}\n: open\n\n`);
    // What is remembered has a gap where nobody has looked for a while: nobody could tell what was in it.
    if (this.#streams.size === 1 && performance.now() - this.#lookedAt > REMEMBERED_MS) this.#batches.length = 0;
    const last = request.headers["last-event-id"];
    if (typeof last === "string" && last !== "") this.#catchUp(stream, last);
  }

  /** A version that changes some board. */
  touch(touched: Touched): void {
    if (this.#streams.size === 0 && performance.now() - this.#lookedAt > REMEMBERED_MS) return;
    if (this.#touched.length >= MAX_TOUCHED) this.#isOverflown = true;
    else this.#touched.push(touched);
    this.#gather();
  }

  /** What has happened meanwhile is not known: all boards are read again. */
  refreshAll(): void {
    if (this.#streams.size === 0) return;
    this.#tell({ isAll: true, wards: [] }, [{ id: `lost-${Date.now()}`, type: "", resource: "", version: 0 }]);
  }

  /** Ends those whose token holds no longer, and those who do not read; keeps the others open. */
  look(): void {
    const now = performance.now();
    for (const stream of this.#streams) {
      const { response } = stream;
      stream.blockedSince = response.writableLength > 0 ? (stream.blockedSince ?? now) : undefined;
      if (now - (stream.blockedSince ?? now) >= READER_IDLE_MS) response.destroy();
      else {
        stream.enter().then(
          () => this.#write(stream, ": here\n\n"),
          (error: { code?: number }) => (error.code === 401 || error.code === 403) && response.end(),
        );
      }
    }
  }

  /** Ends all: this gateway leaves, and clients come back to another. */
  close(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#gathering);
    for (const { response } of this.#streams) response.end();
  }

  #forget(stream: Stream): void {
    if (!this.#streams.delete(stream)) return;
    if (this.#streams.size === 0) this.#lookedAt = performance.now();
    const left = (this.#perClient.get(stream.client) ?? 1) - 1;
    if (left > 0) this.#perClient.set(stream.client, left);
    else this.#perClient.delete(stream.client);
  }

  #gather(): void {
    if (this.#isAsking) return;
    this.#gathering ??= setTimeout(() => void this.#ask(), GATHER_MS).unref();
  }

  async #ask(): Promise<void> {
    const touched = this.#touched;
    const isOverflown = this.#isOverflown;
    this.#touched = [];
    this.#isOverflown = false;
    this.#gathering = undefined;
    this.#isAsking = true;
    const all: BoardChanges = { isAll: true, wards: [] };
    const changes = isOverflown ? all : await this.#options.locate(touched).catch(() => all);
    this.#isAsking = false;
    this.#tell(changes, touched);
    if (this.#touched.length > 0) this.#gather();
  }

  #tell(changes: BoardChanges, touched: Touched[]): void {
    const last = touched.at(-1)?.id ?? "";
    const batch: Batch = { ...changes, ids: new Set(touched.map(({ id }) => id)), last, at: new Date().toISOString() };
    this.#batches.push(batch);
    let ids = this.#batches.reduce((sum, one) => sum + one.ids.size, 0);
    while (this.#batches.length > MAX_BATCHES || ids > MAX_IDS) ids -= this.#batches.shift()?.ids.size ?? 0;
    const texts = new Map<string | undefined, string>();
    for (const stream of this.#streams) {
      const { ward } = stream;
      if (!concerns(batch, ward)) continue;
      const text = texts.get(ward) ?? eventOf([batch], ward);
      texts.set(ward, text);
      // Whose token has ended meanwhile hears nothing more.
      stream.enter().then(
        () => this.#write(stream, text),
        (error: { code?: number }) => (error.code === 401 || error.code === 403) && stream.response.end(),
      );
    }
  }

  /** What was missed since an event; of which nobody knows here, that all may have changed. */
  #catchUp(stream: Stream, last: string): void {
    const index = this.#batches.findIndex(({ ids }) => ids.has(last));
    const newest = this.#batches.at(-1);
    if (index < 0) {
      const unknown: Batch = {
        isAll: true,
        wards: [],
        ids: new Set(),
        last: newest?.last ?? last.slice(0, 200),
        at: new Date().toISOString(),
      };
      this.#write(stream, eventOf([unknown], stream.ward));
      return;
    }
    // Another gateway may have told of only a part of the batch that it was in.
    const isWhole = this.#batches[index]?.last === last;
    const missed = this.#batches.slice(isWhole ? index + 1 : index).filter((batch) => concerns(batch, stream.ward));
    if (missed.length > 0) this.#write(stream, eventOf(missed, stream.ward));
  }

  #write(stream: Stream, text: string): void {
    const { response } = stream;
    if (response.writableEnded || response.destroyed) return;
    if (response.writableLength > MAX_BUFFERED) response.destroy();
    else response.write(text);
  }
}

const concerns = ({ isAll, wards }: BoardChanges, ward: string | undefined): boolean =>
  isAll || (ward === undefined ? wards.length > 0 : wards.some((it) => it.ward === ward));

/** One event for what several batches are about. `wards` is absent where it may be any. */
function eventOf(batches: Batch[], ward: string | undefined): string {
  const [isAll, beds] = [batches.some((batch) => batch.isAll), new Map<string, Set<string>>()];
  for (const { wards } of batches) {
    for (const it of wards) {
      if (ward !== undefined && it.ward !== ward) continue;
      beds.set(it.ward, new Set([...(beds.get(it.ward) ?? []), ...it.beds]));
    }
  }
  const newest = batches.at(-1);
  const data = {
    isAll,
    wards: isAll && ward !== undefined ? [ward] : [...beds.keys()],
    beds: [...beds.values()].flatMap((it) => [...it]),
    at: newest?.at,
  };
  // A line break would begin another field.
  const id = (newest?.last ?? "").replace(/[\r\n\0]/g, "");
  return `id: ${id}\nevent: board\ndata: ${JSON.stringify(data)}\n\n`;
}
