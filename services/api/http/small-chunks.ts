/**
 * Bodies in very many small chunks (`Transfer-Encoding: chunked`, a byte in each). A chunk costs the same whatever is in it, and what one read of a
 * connection brings is taken apart in one go: ten thousand chunks. They are put together before anything else is done with them, and a connection
 * that has brought such a read is read again when its turn comes, so that all of them together take a small part of the time.
 * Who sends chunks of some size, however slowly, or few small ones, is never stopped.
 */
import type { IncomingMessage } from "node:http";

/** Bytes: what is larger is passed on as it comes. */
const SMALL = 128;
/** Small chunks of one read beyond which its connection waits for its turn. */
const MANY = 256;
/** Small chunks a second that such connections bring together: about a twentieth of the time. */
const PER_SECOND = 50_000;
/** Longest time from one turn to the next, milliseconds: after very many at once the next do not wait for all of them. */
const LONGEST_MS = 1_000;

/** Connections that wait for their turn, by client: each client's are one line, and the clients take turns. */
class Turns {
  readonly #waiting = new Map<string, Set<SmallChunks>>();
  #nextAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param chunks that it has just brought */
  wait(body: SmallChunks, chunks: number): void {
    const now = performance.now();
    this.#nextAt = Math.min(now + LONGEST_MS, Math.max(now, this.#nextAt) + (chunks / PER_SECOND) * 1_000);
    const line = this.#waiting.get(body.client) ?? new Set();
    this.#waiting.set(body.client, line.add(body));
    this.#timer ??= setTimeout(() => this.#turn(), this.#nextAt - now).unref();
  }

  leave(body: SmallChunks): void {
    const line = this.#waiting.get(body.client);
    line?.delete(body);
    if (line?.size === 0) this.#waiting.delete(body.client);
  }

  #turn(): void {
    this.#timer = undefined;
    const left = this.#nextAt - performance.now();
    const [[client, line] = ["", undefined]] = this.#waiting;
    const [body] = line ?? [];
    if (!line || !body) return;
    if (left <= 0) {
      this.#waiting.delete(client);
      line.delete(body);
      if (line.size > 0) this.#waiting.set(client, line); // behind the others
      body.goOn();
    }
    if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => this.#turn(), Math.max(1, left)).unref();
  }
}

const turns = new Turns();

/** The small chunks of one body that have come in one read. */
class SmallChunks {
  readonly client: string;
  readonly #request: IncomingMessage;
  readonly #pass: (chunk: Buffer | null) => boolean;
  #pieces: Buffer[] = [];

  constructor(request: IncomingMessage, client: string) {
    this.#request = request;
    this.client = client;
    this.#pass = request.push.bind(request);
    request.once("close", () => turns.leave(this));
  }

  take(chunk: Buffer | null): boolean {
    if (chunk === null || chunk.length > SMALL) {
      this.#flush();
      return this.#pass(chunk);
    }
    // All that a read brings comes before it; node runs the ticks between two chunks.
    if (this.#pieces.length === 0) setImmediate(() => this.#flush());
    this.#pieces.push(chunk);
    if (this.#pieces.length === MANY) this.#stop();
    return true;
  }

  goOn(): void {
    Reflect.deleteProperty(this.#request, "_read");
    this.#request.socket.resume();
  }

  /** Nothing more is read of the connection; `_read` would have it read again. */
  #stop(): void {
    this.#request._read = () => {};
    this.#request.socket.pause();
  }

  #flush(): void {
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    this.#pieces = [];
    if (pieces.length >= MANY && !this.#request.destroyed) turns.wait(this, pieces.length);
    this.#pass(Buffer.concat(pieces));
  }
}

/** From now on small chunks of the request's body come put together, and very many of them in turn. @param client who sends it */
export function gatherSmallChunks(request: IncomingMessage, client: string): void {
  if (request.headers["transfer-encoding"] === undefined) return;
  const chunks = new SmallChunks(request, client);
  request.push = (chunk: Buffer | null) => chunks.take(chunk);
}
