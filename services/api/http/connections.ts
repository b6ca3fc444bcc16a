/** The connections of the gateway's server: bounded in all and per client, so that idle ones cannot keep others out. */
import type { Socket } from "node:net";
import { ConnectionRate } from "./connection-rate.ts";

/** Limit of open connections. */
const MAX_CONNECTIONS = 4_096;
/** Limit per address, except for trusted proxies: many people work behind a hospital's address, with several connections each. */
const MAX_CLIENT_CONNECTIONS = 2_048;
/** Unanswered requests per connection, for clients that pipeline. */
export const MAX_PIPELINED = 16;
/** If an address connects too often, so many of its connections per second get a 503; further ones are closed at once. */
const REFUSALS_PER_SECOND = 50;

interface Connection {
  socket: Socket;
  peer: string;
  /** undefined: a proxy that stands for many clients. */
  client: string | undefined;
  /** Requests in progress. */
  busy: number;
  /** Order of the last answer, or of the connection itself: the lowest was idle for longest. */
  order: number;
  /** Requests received on it. */
  requests: number;
  /** Its client connects too often; its first request is refused. */
  isOneTooMany: boolean;
  /** A request was refused, and the connection ends with that answer: further requests are ignored. */
  isEnding: boolean;
}

/** All connections of a server; beyond the limits the one that was idle for longest is closed. */
export class Connections {
  readonly #all = new Set<Connection>();
  readonly #bySocket = new WeakMap<Socket, Connection>();
  /** By the client's address and port. */
  readonly #byPeer = new Map<string, Connection>();
  /** Connections with TLS: what they have read may be the handshake. */
  readonly #encrypted = new WeakSet<Socket>();
  #order = 0;
  readonly #perClient = new Map<string, number>();
  readonly #max: number;
  readonly #maxPerClient: number;
  readonly #rate: ConnectionRate;
  /** Limits the 503 answers, which cost more than closing the connection. */
  readonly #refusals = new ConnectionRate(REFUSALS_PER_SECOND, REFUSALS_PER_SECOND);

  constructor(max = MAX_CONNECTIONS, maxPerClient = MAX_CLIENT_CONNECTIONS, rate = new ConnectionRate()) {
    this.#max = max;
    this.#maxPerClient = maxPerClient;
    this.#rate = rate;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Adds a connection; if its client connects too often, it is refused or closed. Beyond the limits the longest idle one is closed, of the same client if that has too many; if there is none, this one. @returns whether it is open */
  add(socket: Socket, client: string | undefined): boolean {
    const isOneTooMany = client !== undefined && !this.#rate.admits(client);
    if (isOneTooMany && !this.#refusals.admits(client)) {
      socket.destroy();
      return false;
    }
    const isClientFull = client !== undefined && (this.#perClient.get(client) ?? 0) >= this.#maxPerClient;
    if ((isClientFull || this.#all.size >= this.#max) && !this.#closeIdle(isClientFull ? client : this.#greediest())) {
      socket.destroy();
      return false;
    }
    this.#order += 1;
    const connection = { socket, peer: peerOf(socket), client, busy: 0, order: this.#order, requests: 0, isOneTooMany, isEnding: false };
    this.#all.add(connection);
    this.#bySocket.set(socket, connection);
    this.#byPeer.set(connection.peer, connection);
    if (client !== undefined) this.#perClient.set(client, (this.#perClient.get(client) ?? 0) + 1);
    socket.once("close", () => this.#remove(connection));
    return true;
  }

  /** @param encrypted the TLS socket over a connection that was added, as which it is known from now on */
  addEncrypted(encrypted: Socket): void {
    const connection = this.#byPeer.get(peerOf(encrypted));
    if (!connection) return;
    this.#bySocket.set(encrypted, connection);
    this.#encrypted.add(connection.socket);
  }

  /** Called when a request begins. @returns "full" for the first one too many of the connection or its client, after whose answer the connection must end; "ended" for later ones */
  begin(socket: Socket): "full" | "ended" | undefined {
    const connection = this.#bySocket.get(socket);
    if (!connection) return undefined;
    if (connection.isEnding) return "ended";
    if (connection.isOneTooMany || connection.busy >= MAX_PIPELINED) {
      connection.isEnding = true;
      return "full";
    }
    connection.busy += 1;
    connection.requests += 1;
    return undefined;
  }

  /** Whether the request that has begun is the first one on its connection. */
  isFirst(socket: Socket): boolean {
    return this.#bySocket.get(socket)?.requests === 1;
  }

  /** Closes those without any request: browsers open some in advance, and a stopping server would wait for their first request. */
  closeUnused(): void {
    for (const { socket, requests } of this.#all)
      if (requests === 0 && (socket.bytesRead === 0 || this.#encrypted.has(socket))) socket.destroy();
  }

  /** Called when a request has ended. @param isInVain whether its client has left while it was worked on */
  end(socket: Socket, isInVain = false): void {
    const connection = this.#bySocket.get(socket);
    if (!connection) return;
    if (isInVain && connection.client !== undefined) this.#rate.hungUp(connection.client);
    connection.busy -= 1;
    this.#order += 1;
    connection.order = this.#order;
  }

  #remove(connection: Connection): void {
    if (!this.#all.delete(connection)) return;
    if (this.#byPeer.get(connection.peer) === connection) this.#byPeer.delete(connection.peer);
    const { client } = connection;
    if (client === undefined) return;
    const left = (this.#perClient.get(client) ?? 1) - 1;
    if (left > 0) this.#perClient.set(client, left);
    else this.#perClient.delete(client);
  }

  /** The client with the most connections. */
  #greediest(): string | undefined {
    let found: string | undefined;
    let most = 0;
    for (const [client, count] of this.#perClient) {
      if (count <= most) continue;
      found = client;
      most = count;
    }
    return found;
  }

  #closeIdle(client: string | undefined): boolean {
    let found: Connection | undefined;
    for (const connection of this.#all) {
      if (connection.busy > 0 || connection.client !== client) continue;
      if (!found || connection.order < found.order) found = connection;
    }
    if (!found) return false;
    this.#remove(found);
    found.socket.destroy();
    return true;
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
