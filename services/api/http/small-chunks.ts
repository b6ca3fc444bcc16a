/**
 * Bodies in very many small chunks (`Transfer-Encoding: chunked`, with a byte in each). A chunk costs the same whatever its size, and Node parses
 * the chunks of one read of a connection, up to ten thousand, in one go. They are joined before anything else is done with them, and a connection
 * with such a read is read again only when its turn comes, so that all of these together take a small part of the time. Clients that send larger
 * chunks, however slowly, or few small ones, are never paused.
 */
import type { IncomingMessage } from "node:http";

/** Larger chunks are passed on as they arrive. Bytes. */
const SMALL = 128;
/** Number of small chunks in one read from which on its connection waits for its turn. */
const MANY = 256;
/** Small chunks per second of all such connections together: about a twentieth of the time. */
const PER_SECOND = 50_000;
/** Longest time between two turns, milliseconds: even very many chunks at once do not delay the next turn for longer. */
const LONGEST_MS = 1_000;

/** Connections that wait for their turn, by client: clients take turns, and so do the connections of each. */
class Turns {
  readonly #waiting = new Map<string, Set<SmallChunks>>();
  #nextAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param chunks that it has just received */
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

/** The small chunks of one body from one read. */
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
    // Runs after all chunks of one read; Node runs ticks between two chunks.
    if (this.#pieces.length === 0) setImmediate(() => this.#flush());
    this.#pieces.push(chunk);
    if (this.#pieces.length === MANY) this.#stop();
    return true;
  }

  goOn(): void {
    Reflect.deleteProperty(this.#request, "_read");
    this.#request.socket.resume();
  }

  /** Pauses reading from the connection; `_read` would resume it. */
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

/** Joins the small chunks of the request's body from now on; a body with very many of them is read in turns. @param client the sender */
export function gatherSmallChunks(request: IncomingMessage, client: string): void {
  if (request.headers["transfer-encoding"] === undefined) return;
  const chunks = new SmallChunks(request, client);
  request.push = (chunk: Buffer | null) => chunks.take(chunk);
}
