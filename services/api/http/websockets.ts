/**
 * Notifications by websocket (R4, subscription.html, channel websocket): `bind ID` is answered by `bound ID`, and from then on each match by
 * `ping ID`. A client that was not connected at the time of a match reads what is new when it has bound again.
 */
import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { Config } from "../../../mesh/config.ts";
import { EVERYBODY, type Requester } from "./client-address.ts";
import { type OwnName, requireOwnHost } from "./own-name.ts";
import { ID_PATTERN } from "../../../fhir/ids.ts";

/** Path of the websockets. */
export const WEBSOCKET_PATH = "/fhir/websocket";
/** Limits of websockets in all, per client and per address. */
const [MAX_SOCKETS, MAX_PER_CLIENT, MAX_PER_ADDRESS] = [1_000, 50, 500];
/** Subscriptions bound to one websocket, and unanswered messages of one. */
const [MAX_BOUND, MAX_WAITING] = [100, 16];
/** Bytes of a client's message: `bind ` and an id. */
const MAX_MESSAGE = 200;
/** Fragments of a message; empty ones would not count as bytes. */
const MAX_FRAGMENTS = 16;
/** Message by which a client binds a Subscription. */
const BIND = new RegExp(`^bind (${ID_PATTERN})$`);
/** A client that reads so slowly that this much waits is disconnected. Bytes. */
const MAX_BUFFERED = 65_536;
/** Messages of a client between two pings of the gateway: enough to bind everything twice. */
const MAX_MESSAGES = 2 * MAX_BOUND;
/** Pings and pongs of a client between two pings of the gateway; each costs about as much as a message. */
const MAX_CONTROL_FRAMES = 100;
/** Interval of pings; a client that has not answered the last one is disconnected. Milliseconds. */
const ALIVE_MS = 30_000;
/** A client that does not answer the closing of its websocket within this time is cut off. Milliseconds. */
const CLOSE_MS = 1_000;
const [LEAVING, REFUSED, TRY_AGAIN] = [1001, 1008, 1013];

/** `closeTimeout` is missing in the declarations. */
const SERVER: ServerOptions & { closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  maxPayload: MAX_MESSAGE,
  maxFragments: MAX_FRAGMENTS,
  closeTimeout: CLOSE_MS,
  perMessageDeflate: false,
};

interface Client {
  enter(): Promise<Record<string, unknown>>;
  requester: Requester;
  /** Bound Subscriptions, with their types. */
  bound: Map<string, readonly string[]>;
  waiting: number;
  /** Messages since the last ping of the gateway. */
  messages: number;
  isAlive: boolean;
  /** Pings and pongs since the last ping of the gateway. */
  controlFrames: number;
}

/** What websockets need of the gateway. */
export interface WebSocketOptions {
  config: Pick<Config, "corsOrigin">;
  own(): OwnName;
  isReady(): boolean;
  /** The client for which a websocket is counted. */
  requesterOf(request: IncomingMessage): Requester;
  /** The caller, as meta of calls on their behalf. @throws 401 when this is not, or no longer, a signed-in person */
  enter(request: IncomingMessage): Promise<Record<string, unknown>>;
  /** Called when a client is refused. */
  refused(error: unknown, request: IncomingMessage): void;
  /** The types that the criteria of an active Subscription look at, if the caller may read it and its channel is websocket; undefined: there is none with the id. */
  typesOf(subscription: string, meta: Record<string, unknown>): Promise<readonly string[] | undefined>;
  /** Whether the caller may search all of the types: a ping reveals that there is a new match, whoever has subscribed. */
  mayHear(types: readonly string[], meta: Record<string, unknown>): boolean;
}

/** Whether a request is for a websocket here; other requests with `Upgrade` are answered as if they had none. */
export const isForWebSocket = ({ url = "", headers, method }: IncomingMessage): boolean =>
  method === "GET" && url.split("?", 1)[0] === WEBSOCKET_PATH && headers.upgrade?.toLowerCase() === "websocket";

/** The websockets of one gateway. */
export class WebSockets {
  readonly #options: WebSocketOptions;
  readonly #server = new WebSocketServer(SERVER);
  readonly #clients = new Map<WebSocket, Client>();
  readonly #bound = new Map<string, Set<WebSocket>>();
  readonly #watch: NodeJS.Timeout;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#watch = setInterval(() => this.#askAlive(), ALIVE_MS).unref();
  }

  /** Takes over a connection, or refuses and ends it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node has removed its own listeners: a reset would end the process.
    socket.on("error", () => socket.destroy());
    const requester = this.#options.requesterOf(request);
    const status = this.#refusalOf(request, requester);
    if (status !== undefined) {
      refuse(socket, status);
      return;
    }
    const enter = () => this.#options.enter(request);
    enter().then(
      () => socket.destroyed || this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, requester, enter)),
      (error: { code?: number }) => {
        this.#options.refused(error, request);
        refuse(socket, error.code ?? 503);
      },
    );
  }

  /** A Subscription has a match. */
  ping(subscription: string): void {
    for (const webSocket of this.#bound.get(subscription) ?? []) {
      if (webSocket.bufferedAmount > MAX_BUFFERED) webSocket.terminate();
      else this.#ifMay(webSocket, () => webSocket.send(`ping ${subscription}`), subscription);
    }
  }

  /** Ends websockets whose client may no longer have what it is bound to, or has signed out. */
  look(): void {
    for (const webSocket of this.#clients.keys()) this.#ifMay(webSocket, () => {});
  }

  /**
   * Calls `work` if the client is still signed in, and may have notifications of this Subscription (default: all); otherwise ends the websocket.
   * It is also ended if this cannot be decided: the client reads what is new when it connects again.
   */
  #ifMay(webSocket: WebSocket, work: () => void, subscription?: string): void {
    const client = this.#clients.get(webSocket);
    client?.enter().then(
      (meta) => {
        if (webSocket.readyState !== webSocket.OPEN) return;
        const types = subscription === undefined ? [...client.bound.values()].flat() : (client.bound.get(subscription) ?? [""]);
        if (this.#options.mayHear(types, meta)) work();
        else webSocket.close(REFUSED, "You may not hear of this any more.");
      },
      (error: { code?: number }) => {
        if (error.code === 401) webSocket.close(REFUSED, "Sign in again.");
        else if (subscription !== undefined) webSocket.close(TRY_AGAIN, "Nobody can tell now whether you may hear of this.");
      },
    );
  }

  /** Tells all clients that this gateway stops. */
  close(): void {
    clearInterval(this.#watch);
    for (const webSocket of this.#clients.keys()) {
      webSocket.close(LEAVING);
      setTimeout(() => webSocket.terminate(), CLOSE_MS).unref();
    }
  }

  /** Status of the refusal; undefined: none. */
  #refusalOf(request: IncomingMessage, requester: Requester): number | undefined {
    const { own, isReady } = this.#options;
    try {
      requireOwnHost(request, own());
    } catch (error) {
      return (error as { code: number }).code;
    }
    if (!isForWebSocket(request)) return 400;
    if (!this.#isOfOwnSite(request)) return 403;
    const isAt = (member: keyof Requester, most: number) =>
      requester[member] !== EVERYBODY &&
      [...this.#clients.values()].filter((client) => client.requester[member] === requester[member]).length >= most;
    const isFull = this.#clients.size >= MAX_SOCKETS || isAt("name", MAX_PER_CLIENT) || isAt("address", MAX_PER_ADDRESS);
    return isFull || !isReady() ? 503 : undefined;
  }

  /** A page of another site may connect only if it may also read. */
  #isOfOwnSite({ headers }: IncomingMessage): boolean {
    const { corsOrigin } = this.#options.config;
    const { origin, scheme, isPublic } = this.#options.own();
    const given = headers.origin;
    if (given === undefined || corsOrigin === "*" || given === origin) return true;
    return corsOrigin?.includes(given) === true || (!isPublic && given === `${scheme}://${headers.host}`);
  }

  #open(webSocket: WebSocket, requester: Requester, enter: Client["enter"]): void {
    const client: Client = { requester, enter, bound: new Map(), waiting: 0, messages: 0, isAlive: true, controlFrames: 0 };
    this.#clients.set(webSocket, client);
    webSocket.on("error", () => {}); // "close" follows
    webSocket.on("pong", () => {
      client.isAlive = true;
      countControlFrame(webSocket, client);
    });
    webSocket.on("ping", () => countControlFrame(webSocket, client));
    webSocket.on("message", (data, isBinary) => void this.#hear(webSocket, client, isBinary ? "" : String(data)));
    webSocket.once("close", () => {
      this.#clients.delete(webSocket);
      for (const id of client.bound.keys()) {
        const bound = this.#bound.get(id);
        bound?.delete(webSocket);
        if (bound?.size === 0) this.#bound.delete(id);
      }
    });
  }

  async #hear(webSocket: WebSocket, client: Client, text: string): Promise<void> {
    client.messages += 1;
    if (client.messages > MAX_MESSAGES) return webSocket.terminate();
    if (webSocket.readyState !== webSocket.OPEN) return; // it is being closed, and what has arrived before that needs no answer
    const id = BIND.exec(text.trim())?.[1];
    if (id === undefined) return webSocket.close(REFUSED, "Send `bind` and the id of a Subscription.");
    if (client.waiting >= MAX_WAITING || client.bound.size >= MAX_BOUND) return webSocket.close(REFUSED, "Too many at once.");
    client.waiting += 1;
    const { typesOf, mayHear } = this.#options;
    const types = await client
      .enter()
      .then(async (meta) => {
        const told = await typesOf(id, meta);
        return told !== undefined && mayHear(told, meta) ? told : undefined;
      })
      .catch(() => undefined);
    client.waiting -= 1;
    if (webSocket.readyState !== webSocket.OPEN) return;
    if (types === undefined) return webSocket.close(REFUSED, "There is no active Subscription with this id and channel.");
    client.bound.set(id, types);
    this.#bound.set(id, (this.#bound.get(id) ?? new Set()).add(webSocket));
    webSocket.send(`bound ${id}`);
  }

  #askAlive(): void {
    for (const [webSocket, client] of this.#clients) {
      if (!client.isAlive) webSocket.terminate();
      else {
        client.isAlive = false;
        client.controlFrames = 0;
        client.messages = 0;
        webSocket.ping();
      }
    }
    this.look(); // tokens also expire
  }
}

/** Ends a websocket that floods: the library answers each ping. */
function countControlFrame(webSocket: WebSocket, client: Client): void {
  client.controlFrames += 1;
  if (client.controlFrames > MAX_CONTROL_FRAMES) webSocket.terminate();
}

/** The client may keep its half of the connection open: this is not waited for, nor is a client that does not read. */
function refuse(socket: Duplex, status: number): void {
  const late = setTimeout(() => socket.destroy(), CLOSE_MS).unref();
  socket.once("close", () => clearTimeout(late));
  const challenge = status === 401 ? 'WWW-Authenticate: Bearer realm="OpenWard"\r\n' : "";
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${challenge}Connection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(head, () => socket.destroy());
}
