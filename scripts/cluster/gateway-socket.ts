/**
 * The address of the mesh on this machine. The supervisor accepts each connection and hands it to a gateway that is free to take one; it
 * keeps the connection itself until the gateway has said that it has it. So none is lost with a gateway that dies: it goes to another.
 */
import { createServer, type Server, type Socket, type AddressInfo } from "node:net";

/** A connection waits so long for a gateway, then it is closed. Milliseconds. */
const WAIT_MS = 10_000;
/** Connections that wait; one more is closed at once. */
const MAX_WAITING = 4_096;
/** Connections that wait in the system to be accepted; it may allow fewer. */
const BACKLOG = 4_096;
/** A gateway that leaves is not waited for longer until it takes what it was handed. Milliseconds. */
const TAKE_MS = 1_000;

/** A process with a gateway. */
export interface GatewayProcess {
  /** Sends it a connection; `taken` or `lost` follows. */
  hand(socket: Socket): void;
}

interface Waiting {
  socket: Socket;
  timer: NodeJS.Timeout;
}

/** The gateway's address, which the supervisor holds; each connection is handed to a gateway that has nothing to take, and waits if there is none. */
export class GatewaySocket {
  readonly #waiting = new Set<Waiting>();
  /** Gateways that have nothing to take; the one that waits for longest is the next. */
  readonly #free = new Set<GatewayProcess>();
  readonly #members = new Set<GatewayProcess>();
  readonly #handed = new Map<GatewayProcess, Waiting>();
  readonly #left = new Map<GatewayProcess, () => void>();
  #server: Server | undefined;
  #port = 0;

  /** The port it listens on, or did; 0 before. */
  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  /** @param address port 0 is any, at first; after that the same. @throws the system's error (EADDRINUSE, EACCES, …) */
  async open({ host, port }: { host: string; port: number }): Promise<void> {
    // Gateways read what comes; nothing may be read here.
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port: port || this.#port, backlog: BACKLOG }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    server.on("error", () => {}); // a connection that could not be accepted: the machine is short of something
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Takes no more, and closes what waits. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const waiting of this.#waiting) this.#drop(waiting);
  }

  /** From now on this one takes connections. */
  join(gateway: GatewayProcess): void {
    this.#members.add(gateway);
    this.#free.add(gateway);
    this.#assign();
  }

  /** Hands it no more; resolves when it has what it was handed, or does not take it in time. */
  async leave(gateway: GatewayProcess): Promise<void> {
    this.#members.delete(gateway);
    this.#free.delete(gateway);
    if (!this.#handed.has(gateway)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, TAKE_MS);
      this.#left.set(gateway, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#left.delete(gateway);
  }

  /** It has what it was handed. */
  taken(gateway: GatewayProcess): void {
    const taken = this.#handed.get(gateway);
    if (!taken) return;
    this.#handed.delete(gateway);
    this.#drop(taken); // the other's remains
    this.#left.get(gateway)?.();
    if (!this.#members.has(gateway)) return;
    this.#free.add(gateway);
    this.#assign();
  }

  /** It has ended: what it had not taken goes to another one. */
  lost(gateway: GatewayProcess): void {
    this.#members.delete(gateway);
    this.#free.delete(gateway);
    const back = this.#handed.get(gateway);
    this.#handed.delete(gateway);
    this.#left.get(gateway)?.();
    if (!back || back.socket.destroyed) return;
    this.#waiting.add(back);
    this.#assign();
  }

  #accept(socket: Socket): void {
    socket.on("error", () => {}); // its end follows
    if (this.#waiting.size >= MAX_WAITING) return void socket.destroy();
    const waiting: Waiting = { socket, timer: setTimeout(() => this.#waiting.has(waiting) && this.#drop(waiting), WAIT_MS) };
    this.#waiting.add(waiting);
    this.#assign();
  }

  #assign(): void {
    for (const waiting of this.#waiting) {
      const [gateway] = this.#free;
      if (!gateway) return;
      this.#waiting.delete(waiting);
      this.#free.delete(gateway);
      this.#handed.set(gateway, waiting);
      gateway.hand(waiting.socket);
    }
  }

  #drop(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
    waiting.socket.destroy();
  }
}
