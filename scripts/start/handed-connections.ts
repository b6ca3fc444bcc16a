/** A gateway whose connections are accepted by the supervisor and handed over to it (scripts/cluster/gateway-socket.ts). */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** A supervisor that does not answer is dying itself. Milliseconds. */
const FAREWELL_MS = 1_000;
/** A client that uses its connection again within this time after the last answer learns with the next one that it ends. Milliseconds. */
const GRACE_MS = 2_000;
/** Requests in flight get this long to finish. Milliseconds. */
const DRAIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** The connections that a gateway was handed, and their end: what was begun is answered, then each is closed. */
export class HandedConnections {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  /** The last request of each connection that is not answered yet. */
  readonly #last = new Map<Socket, ServerResponse>();
  #isLeaving = false;
  #emptied: (() => void) | undefined;

  /** @param server it need not listen */
  constructor(server: Server) {
    this.#server = server;
    // Node begins with this event to look after the time that headers and requests take.
    if (!server.listening) server.emit("listening");
    for (const event of ["request", "checkContinue"]) server.prependListener(event, this.#note);
    process.on("message", this.#take);
  }

  /** Tells the supervisor to hand over no more; resolves when what was under way is here, as messages keep their order. */
  async farewell(): Promise<void> {
    if (!process.connected) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FAREWELL_MS);
      process.once("disconnect", resolve);
      process.on("message", ({ type }: { type?: string }) => type === "left" && resolve());
      process.send?.({ type: "leaving" }, () => {}); // if it dies in this moment, there is nobody to wait for
    });
    clearTimeout(timer);
  }

  /** Ends each connection with its last answer; one that nobody uses any more, after a while. Resolves when all are closed. */
  async drain(): Promise<void> {
    this.#isLeaving = true;
    for (const response of this.#last.values()) if (!response.headersSent) response.shouldKeepAlive = false;
    if (this.#open.size === 0) return;
    const begin = performance.now();
    const closing = setInterval(() => this.#closeUnused(performance.now() - begin), LOOK_EVERY_MS);
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    clearInterval(closing);
  }

  #closeUnused(spentMs: number): void {
    if (spentMs < GRACE_MS) return;
    this.#server.closeIdleConnections();
    for (const socket of this.#open) if (spentMs > DRAIN_MS || socket.bytesRead === 0) socket.destroy();
  }

  readonly #take = (message: { type?: string }, socket?: Socket): void => {
    if (message.type !== "connection") return;
    socket?.on("error", () => {}); // its end follows
    if (socket) {
      this.#open.add(socket);
      socket.once("close", () => {
        this.#open.delete(socket);
        if (this.#open.size === 0) this.#emptied?.();
      });
      socket.allowHalfOpen = true; // a client may end its side when it has asked
    }
    // Said first: what was read of a connection can be given to nobody else.
    process.send?.({ type: "taken" }, (error: Error | null) => {
      if (error) socket?.destroy();
      else if (socket && !socket.destroyed) this.#server.emit("connection", socket);
    });
  };

  readonly #note = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    const before = this.#last.get(socket);
    this.#last.set(socket, response);
    response.once("close", () => {
      if (this.#last.get(socket) === response) this.#last.delete(socket);
    });
    if (!this.#isLeaving) return;
    // Of requests that a client has sent ahead, the last one's answer ends the connection.
    if (before && !before.headersSent) before.shouldKeepAlive = true;
    response.shouldKeepAlive = false;
  };
}
