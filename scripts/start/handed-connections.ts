/** A gateway whose connections the supervisor accepts and hands over (scripts/cluster/gateway-socket.ts). */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Longest wait for the supervisor's answer, milliseconds: without one it is dying itself. */
const FAREWELL_MS = 1_000;
/** Time after its last answer in which a client that sends another request is told that the connection ends, milliseconds. */
const GRACE_MS = 2_000;
/** Time that requests in flight have to finish, milliseconds. */
const DRAIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** The connections of a gateway, and their end: requests in flight are answered, then each connection is closed. */
export class HandedConnections {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  /** The last unanswered request of each connection. */
  readonly #last = new Map<Socket, ServerResponse>();
  #isLeaving = false;
  #emptied: (() => void) | undefined;

  /** @param server it need not listen */
  constructor(server: Server) {
    this.#server = server;
    // At this event Node begins to enforce the time limits of headers and requests.
    if (!server.listening) server.emit("listening");
    for (const event of ["request", "checkContinue"]) server.prependListener(event, this.#note);
    process.on("message", this.#take);
  }

  /** Tells the supervisor to hand over no more; resolves when everything on its way is here, since messages stay in order. */
  async farewell(): Promise<void> {
    if (!process.connected) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FAREWELL_MS);
      process.once("disconnect", resolve);
      process.on("message", ({ type }: { type?: string }) => type === "left" && resolve());
      process.send?.({ type: "leaving" }, () => {}); // if the supervisor dies now, there is nothing to wait for
    });
    clearTimeout(timer);
  }

  /** Ends each connection with its last answer, an idle one after a while. Resolves when all are closed. */
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
      socket.allowHalfOpen = true; // a client may end its side after the request
    }
    // Confirmed first: a connection from which data were read cannot be given to another process.
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
    // Of pipelined requests, the last one's answer ends the connection.
    if (before && !before.headersSent) before.shouldKeepAlive = true;
    response.shouldKeepAlive = false;
  };
}
