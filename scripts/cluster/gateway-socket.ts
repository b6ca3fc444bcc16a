/**
 * The address of the mesh on this machine. The supervisor accepts each connection and hands it to a free gateway. It keeps the connection
 * until the gateway has confirmed it, so that none is lost with a gateway that dies: it goes to another one.
 */
import { createServer, type Server, type Socket, type AddressInfo } from "node:net";
import type { Config } from "../../mesh/config.ts";
import { clientOfConnection } from "../../services/api/http/client-address.ts";
import { ConnectionRate } from "../../services/api/http/connection-rate.ts";

/** New connections of one address, per second on average: twice those that one gateway takes. Further ones are closed. */
const PER_SECOND = 1_000;
/** Longest wait of a connection for a gateway, after which it is closed, milliseconds. */
const WAIT_MS = 10_000;
/** Connections that may wait; further ones are closed at once. */
const MAX_WAITING = 4_096;
/** Length of the system's queue of connections to be accepted, which the system may shorten. */
const BACKLOG = 4_096;
/** Longest wait for a leaving gateway to confirm what it was handed, milliseconds. */
const TAKE_MS = 1_000;

/** Its address, and the proxies, which have many clients. */
type Address = Pick<Config, "host" | "port" | "trustedProxies" | "behindProxy">;

/** A process with a gateway. */
export interface GatewayProcess {
  /** Sends it a connection; `taken` or `lost` is called afterwards. */
  hand(socket: Socket): void;
}

interface Waiting {
  socket: Socket;
  timer: NodeJS.Timeout;
}

/** The gateways' common address, held by the supervisor. A connection goes to a gateway with no unconfirmed connection, and waits while there is none. */
export class GatewaySocket {
  readonly #waiting = new Set<Waiting>();
  /** Gateways without an unconfirmed connection; the one that has waited longest is next. */
  readonly #free = new Set<GatewayProcess>();
  readonly #members = new Set<GatewayProcess>();
  readonly #handed = new Map<GatewayProcess, Waiting>();
  readonly #left = new Map<GatewayProcess, () => void>();
  readonly #rate = new ConnectionRate(PER_SECOND);
  #server: Server | undefined;
  #port = 0;

  /** The port on which it listens or listened; 0 before that. */
  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  /** @param address port 0 is any free one, and the same on later calls. @throws the system's error (EADDRINUSE, EACCES, …) */
  async open(config: Address): Promise<void> {
    const { host, port } = config;
    // Gateways read the data; nothing may be read here.
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket, config));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port: port || this.#port, backlog: BACKLOG }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    server.on("error", () => {}); // a connection that could not be accepted for lack of resources
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Stops listening, and closes the waiting connections. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const waiting of this.#waiting) this.#drop(waiting);
  }

  /** Adds a gateway, which gets connections from now on. */
  join(gateway: GatewayProcess): void {
    this.#members.add(gateway);
    this.#free.add(gateway);
    this.#assign();
  }

  /** Removes a gateway; resolves when it has confirmed what it was handed, or has not done so in time. */
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

  /** Called when a gateway has confirmed a connection. */
  taken(gateway: GatewayProcess): void {
    const taken = this.#handed.get(gateway);
    if (!taken) return;
    this.#handed.delete(gateway);
    this.#drop(taken); // closes this process's copy; the gateway has its own
    this.#left.get(gateway)?.();
    if (!this.#members.has(gateway)) return;
    this.#free.add(gateway);
    this.#assign();
  }

  /** Called when a gateway has ended: its unconfirmed connection goes to another one. */
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

  #accept(socket: Socket, config: Address): void {
    socket.on("error", () => {}); // its end follows
    const client = clientOfConnection(socket.remoteAddress, config);
    if (client !== undefined && !this.#rate.admits(client)) return void socket.destroy();
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
