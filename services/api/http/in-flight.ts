/**
 * What this process holds for its clients at this moment: requests, and the bytes of them that were received, unpacked or are still to be
 * sent. Both are bounded, for the process and for each client; nobody keeps a place or memory by being slow.
 */
import type { ServerResponse } from "node:http";
import { Errors } from "moleculer";
import { shedRequests } from "../../../mesh/metrics.ts";
import { EVERYBODY } from "./client-address.ts";
import { httpError } from "./http-error.ts";
import { Throughput } from "./throughput.ts";

/** How much may be in flight. */
export interface Limits {
  /** Requests whose answers are still owed, those included that are still being sent. */
  requests: number;
  /** The same of one client. */
  clientRequests: number;
  /** Bytes of bodies and answers. */
  bytes: number;
  /** The same of one client. */
  clientBytes: number;
}

/** Of one process. */
export const LIMITS: Limits = {
  requests: 2_048,
  clientRequests: 512,
  bytes: 100 * 1024 * 1024,
  clientBytes: 72 * 1024 * 1024, // the largest body with what is made of it, or the largest answer to a batch
};

/** Grace of a slow body, after which it must come at `MIN_BODY_RATE`, milliseconds. */
const BODY_GRACE_MS = 10_000;
/** Bytes per second, on average since the body began. */
const MIN_BODY_RATE = 4_000;
/** Idle timeout of an answer whose reader takes nothing, milliseconds. */
const READER_IDLE_MS = 30_000;
/** Bytes per second, on average; an answer that began less than `READER_IDLE_MS` ago may be slower. */
const MIN_READER_RATE = 16_000;
/** How often the rates are looked at. Milliseconds. */
const SWEEP_MS = 1_000;

/** Where memory is short, an exchange that has been idle for this time gives way, milliseconds. */
const STALLED_MS = 1_000;
/** Where places are short, a body that has been idle for this time gives way, milliseconds. */
const STALLED_BODY_MS = 100;
/** Where memory is short, what moves gives way to a request that holds this many times less. */
const MUCH_LARGER = 4;

/** A client, by its address. */
interface Client {
  name: string;
  maxRequests: number;
  maxBytes: number;
  requests: number;
  bytes: number;
}

type Ending = Pick<ServerResponse, "destroy" | "writeContinue">;

type State = "working" | "receiving" | "sending";

/** One request and its answer, from the first to the last byte. */
export class Exchange {
  readonly client: Client;
  /** Bytes that it holds. */
  held = 0;
  /** Bytes of its body, unpacked. */
  bodyBytes = 0;
  /** Bytes that its answer is expected to have. */
  expected = 0;
  state: State = "working";
  /** When the state began, and when a byte last moved in it. Milliseconds, of `performance.now()`. */
  since = 0;
  progressAt = 0;
  /** Bytes that moved since then. */
  moved = 0;
  isGivenUp = false;
  readonly #inFlight: InFlight;
  readonly #response: Ending;
  #isAwaited: boolean;
  #refuse: ((error: Error) => void) | undefined;
  #onWorked: (() => void) | undefined;

  /** @param isAwaited whether the client waits for `100 Continue` before it sends the body */
  constructor(inFlight: InFlight, client: Client, response: Ending, isAwaited: boolean) {
    this.#inFlight = inFlight;
    this.client = client;
    this.#response = response;
    this.#isAwaited = isAwaited;
  }

  /** The body is wanted: the client may send it. */
  continue(): void {
    if (this.#isAwaited) this.#response.writeContinue();
    this.#isAwaited = false;
  }

  /** The body is read from now on. @param refuse ends the reading with an error, which becomes the answer */
  receive(refuse: (error: Error) => void): void {
    this.#enter("receiving");
    this.#refuse = refuse;
  }

  /** The body is there. */
  received(): void {
    this.#refuse = undefined;
    this.#enter("working");
  }

  /** The answer goes out from now on, and is all that is held. @param force also beyond the limit: for what cannot be taken back @throws 503 */
  send(bytes: number, force: boolean): void {
    this.worked();
    this.#enter("sending");
    this.hold(bytes - this.held, force);
  }

  /** @param release called once, as soon as the answer is made, or the request has ended without */
  work(release: () => void): void {
    if (!this.#inFlight.has(this)) {
      release();
      return;
    }
    const before = this.#onWorked;
    this.#onWorked = before
      ? () => {
          before();
          release();
        }
      : release;
  }

  worked(): void {
    const release = this.#onWorked;
    this.#onWorked = undefined;
    release?.();
  }

  /** So many bytes were received or taken by the reader. */
  progress(bytes: number): void {
    this.moved += bytes;
    this.progressAt = performance.now();
  }

  /** Holds so many bytes more, or fewer. @param force also beyond the limit @throws 503 when there is no room, and nothing gives way */
  hold(bytes: number, force = false): void {
    this.#inFlight.hold(this, bytes, force);
  }

  /** @throws 503 when there would be no room for so many bytes more; holds none */
  requireRoom(bytes: number): void {
    this.hold(bytes);
    this.hold(-bytes);
  }

  /** Gives its place and its memory back at once: a body that is being read is answered by `error`, anything else is cut off. */
  giveUp(error: Error): void {
    this.isGivenUp = true;
    this.hold(-this.held);
    const refuse = this.#refuse;
    this.#refuse = undefined;
    if (refuse) refuse(error);
    else this.#response.destroy();
  }

  #enter(state: State): void {
    this.state = state;
    this.since = performance.now();
    this.progressAt = this.since;
    this.moved = 0;
  }
}

/** The requests of this process whose answers are owed, within `Limits`. */
export class InFlight {
  readonly #limits: Limits;
  readonly #onReleased: (bytes: number) => void;
  readonly #all = new Set<Exchange>();
  readonly #clients = new Map<string, Client>(); // those with a request in flight
  readonly #timer: NodeJS.Timeout;
  readonly #throughput = new Throughput();
  #bytes = 0;

  /** @param onReleased told of bytes that are held no longer */
  constructor(limits: Limits = LIMITS, onReleased: (bytes: number) => void = () => {}) {
    this.#limits = limits;
    this.#onReleased = onReleased;
    this.#timer = setInterval(() => this.sweep(performance.now()), SWEEP_MS).unref();
  }

  /** Bytes that are held at this moment. */
  get bytes(): number {
    return this.#bytes;
  }

  get requests(): number {
    return this.#all.size;
  }

  /**
   * A place for one request.
   * @param client address, or another name that stands for one client
   * @param response of the request: destroyed where the request must end without an answer
   * @returns undefined when there is none
   */
  open(client: string, response: Ending, isAwaited = false): Exchange | undefined {
    const known = this.#clients.get(client);
    if (this.#isBusy(known)) return undefined;
    const isClientFull = known !== undefined && known.requests >= known.maxRequests;
    if ((isClientFull || this.#all.size >= this.#limits.requests) && !this.#freePlace(isClientFull ? known : undefined)) return undefined;
    const own = known ?? this.#client(client);
    if (!known) this.#clients.set(client, own);
    own.requests += 1;
    const exchange = new Exchange(this, own, response, isAwaited);
    this.#all.add(exchange);
    return exchange;
  }

  /** The request has ended. */
  close(exchange: Exchange): void {
    if (!this.#all.has(exchange)) return;
    exchange.hold(-exchange.held);
    this.#all.delete(exchange);
    this.#throughput.done(performance.now());
    exchange.worked();
    exchange.client.requests -= 1;
    if (exchange.client.requests === 0) this.#clients.delete(exchange.client.name);
  }

  has(exchange: Exchange): boolean {
    return this.#all.has(exchange);
  }

  /** See `Exchange.hold`. What has ended holds nothing. */
  hold(exchange: Exchange, bytes: number, force: boolean): void {
    if (!this.#all.has(exchange)) return;
    this.#add(exchange, bytes);
    if (bytes < 0) this.#onReleased(-bytes);
    if (bytes <= 0) return;
    const { client } = exchange;
    while (this.#bytes > this.#limits.bytes || client.bytes > client.maxBytes) {
      const victim = this.#largest(exchange, client.bytes > client.maxBytes ? client : undefined);
      if (victim) victim.giveUp(overloaded());
      else if (force) return;
      else {
        this.#add(exchange, -bytes);
        throw overloaded();
      }
    }
  }

  /** Ends what is too slow. @param now of `performance.now()` */
  sweep(now: number): void {
    for (const exchange of this.#all) {
      const { state, since, progressAt, moved, isGivenUp } = exchange;
      const takes = now - since;
      if (state === "receiving" && !isGivenUp) {
        if (takes > BODY_GRACE_MS && moved < (takes / 1_000) * MIN_BODY_RATE) exchange.giveUp(tooSlow());
      } else if (state === "sending" && takes > READER_IDLE_MS) {
        if (now - progressAt > READER_IDLE_MS || moved < (takes / 1_000) * MIN_READER_RATE) exchange.giveUp(tooSlow());
      }
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** More is worked on than gets done in time. Clients with many requests under way are refused first, at twice as much all are. */
  #isBusy(client: Client | undefined): boolean {
    const bound = this.#throughput.bound(performance.now());
    if (this.#all.size <= bound) return false;
    let working = 0;
    for (const { state } of this.#all) if (state === "working") working += 1;
    const isHeavy = (client?.requests ?? 0) * this.#clients.size >= this.#all.size;
    return working > (isHeavy ? bound : 2 * bound);
  }

  #client(name: string): Client {
    const { requests, clientRequests, bytes, clientBytes } = this.#limits;
    const isMany = name === EVERYBODY;
    return { name, requests: 0, bytes: 0, maxRequests: isMany ? requests : clientRequests, maxBytes: isMany ? bytes : clientBytes };
  }

  #add(exchange: Exchange, bytes: number): void {
    exchange.held += bytes;
    exchange.client.bytes += bytes;
    this.#bytes += bytes;
  }

  /** The body, or answer, that has stood still for longest gives up its place. @param of only of this client */
  #freePlace(of: Client | undefined): boolean {
    const now = performance.now();
    let found: Exchange | undefined;
    for (const exchange of this.#all) {
      if (exchange.isGivenUp || exchange.state === "working" || (of && exchange.client !== of)) continue;
      if (now - exchange.progressAt < (exchange.state === "receiving" ? STALLED_BODY_MS : STALLED_MS)) continue;
      if (!found || exchange.progressAt < found.progressAt) found = exchange;
    }
    found?.giveUp(overloaded());
    return found !== undefined;
  }

  /** What should give way to a request that needs memory: the largest of what stands still, else of what is much larger. */
  #largest(wanting: Exchange, of: Client | undefined): Exchange | undefined {
    const now = performance.now();
    let found: Exchange | undefined;
    let isFoundStalled = false;
    for (const exchange of this.#all) {
      if (exchange === wanting || exchange.held === 0 || exchange.state === "working" || (of && exchange.client !== of)) continue;
      const isStalled = now - exchange.progressAt >= STALLED_MS;
      if (!isStalled && (isFoundStalled || exchange.held < wanting.held * MUCH_LARGER)) continue;
      if (found && isFoundStalled === isStalled && exchange.held <= found.held) continue;
      found = exchange;
      isFoundStalled = isStalled;
    }
    return found;
  }
}

/** 503: this process has no room for the request now. */
export const overloaded = () => {
  shedRequests.inc();
  return new Errors.MoleculerRetryableError("The server has more requests than it can answer; try again in a moment.", 503, "OVERLOADED");
};

const tooSlow = () => httpError(408, "REQUEST_TOO_SLOW", `The body must come at ${MIN_BODY_RATE / 1_000} kB a second or more.`);
