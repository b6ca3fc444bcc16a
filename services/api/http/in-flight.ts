/**
 * What this process holds for its clients at any moment: requests, and the bytes of them that were received, decompressed or are still to be
 * sent. Both are bounded, for the process and for each client; slow clients cannot hold places or memory for long.
 */
import { Errors } from "moleculer";
import { shedRequests } from "../../../mesh/metrics.ts";
import { EVERYBODY, type Requester } from "./client-address.ts";
import { type Quota, type Ending, Exchange } from "./http-exchange.ts";
import { httpError } from "./http-error.ts";
import { Throughput } from "./throughput.ts";

/** Limits of what may be in flight. */
export interface Limits {
  /** Requests whose answers are not completely sent. */
  requests: number;
  /** The same per client: a signed-in person, or all others at one address. */
  clientRequests: number;
  /** The same per address. */
  addressRequests: number;
  /** Bytes of bodies and answers. */
  bytes: number;
  /** The same per client. */
  clientBytes: number;
  /** The same per address. */
  addressBytes: number;
}

/** Limits of one process. */
export const LIMITS: Limits = {
  requests: 2_048,
  clientRequests: 512,
  addressRequests: 1_536, // at least a quarter is left for others
  bytes: 100 * 1024 * 1024,
  clientBytes: 72 * 1024 * 1024, // the largest body with what is made of it, or the largest answer to a batch
  addressBytes: 90 * 1024 * 1024,
};

/** Grace of a slow body, after which it must come at `MIN_BODY_RATE`, milliseconds. */
const BODY_GRACE_MS = 10_000;
/** Bytes per second, on average since the body began. */
const MIN_BODY_RATE = 4_000;
/** Idle timeout of an answer whose reader takes nothing, milliseconds. */
const READER_IDLE_MS = 30_000;
/** Bytes per second, on average; an answer that began less than `READER_IDLE_MS` ago may be slower. */
const MIN_READER_RATE = 16_000;
/** Interval at which the rates are checked. Milliseconds. */
const SWEEP_MS = 1_000;

/** If memory is short, an exchange without progress for this time gives way, milliseconds. */
const STALLED_MS = 1_000;
/** If places are short, a body without progress for this time gives way, milliseconds. */
const STALLED_BODY_MS = 100;
/** If memory is short, an exchange with progress gives way to a request that holds this many times less. */
const MUCH_LARGER = 4;

/** The unanswered requests of this process, within `Limits`. */
export class InFlight {
  readonly #limits: Limits;
  readonly #onReleased: (bytes: number) => void;
  readonly #all = new Set<Exchange>();
  // Those with a request in flight.
  readonly #clients = new Map<string, Quota>();
  readonly #addresses = new Map<string, Quota>();
  readonly #timer: NodeJS.Timeout;
  readonly #throughput = new Throughput();
  #bytes = 0;

  /** @param onReleased called with the number of bytes that are no longer held */
  constructor(limits: Limits = LIMITS, onReleased: (bytes: number) => void = () => {}) {
    this.#limits = limits;
    this.#onReleased = onReleased;
    this.#timer = setInterval(() => this.sweep(performance.now()), SWEEP_MS).unref();
  }

  /** Bytes held at the moment. */
  get bytes(): number {
    return this.#bytes;
  }

  get requests(): number {
    return this.#all.size;
  }

  /**
   * Opens an exchange for a request.
   * @param response of the request: destroyed if the request must end without an answer
   * @returns undefined if there is no place
   */
  open(requester: Requester, response: Ending, isAwaited = false): Exchange | undefined {
    const { requests, clientRequests, addressRequests, bytes, clientBytes, addressBytes } = this.#limits;
    const { name, address } = requester;
    const client = this.#clients.get(name) ?? emptyQuota(name === EVERYBODY ? [requests, bytes] : [clientRequests, clientBytes]);
    const whole = this.#addresses.get(address) ?? emptyQuota(address === EVERYBODY ? [requests, bytes] : [addressRequests, addressBytes]);
    if (this.#isBusy(client)) return undefined;
    const quotas = [client, whole];
    for (const full of quotas.filter((it) => it.requests >= it.maxRequests)) if (!this.#freePlace(full)) return undefined;
    if (this.#all.size >= requests && !this.#freePlace(undefined)) return undefined;
    this.#clients.set(name, client);
    this.#addresses.set(address, whole);
    for (const quota of quotas) quota.requests += 1;
    const exchange = new Exchange(this, { requester, quotas }, response, isAwaited);
    this.#all.add(exchange);
    return exchange;
  }

  /** The request has ended, or its client has left. Work in progress keeps its place, so that hanging up and asking again gains nothing. */
  close(exchange: Exchange): void {
    if (!this.#all.has(exchange)) return;
    exchange.isGone = true;
    if (exchange.isUnderWay) return;
    exchange.hold(-exchange.held);
    this.#all.delete(exchange);
    this.#throughput.done(performance.now());
    exchange.worked();
    const { quotas, requester } = exchange;
    for (const quota of quotas) quota.requests -= 1;
    if (this.#clients.get(requester.name)?.requests === 0) this.#clients.delete(requester.name);
    if (this.#addresses.get(requester.address)?.requests === 0) this.#addresses.delete(requester.address);
  }

  has(exchange: Exchange): boolean {
    return this.#all.has(exchange);
  }

  /** See `Exchange.hold`. Exchanges that have ended hold nothing. */
  hold(exchange: Exchange, bytes: number, force: boolean): void {
    if (!this.#all.has(exchange)) return;
    this.#add(exchange, bytes);
    if (bytes < 0) this.#onReleased(-bytes);
    if (bytes <= 0) return;
    const overdrawn = () => exchange.quotas.find(({ bytes: held, maxBytes }) => held > maxBytes);
    for (let of = overdrawn(); of !== undefined || this.#bytes > this.#limits.bytes; of = overdrawn()) {
      const victim = this.#largest(exchange, of);
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
      if (exchange.isAwaitingClient && !isGivenUp) {
        if (takes > BODY_GRACE_MS && moved < (takes / 1_000) * MIN_BODY_RATE) exchange.giveUp(tooSlow());
      } else if (state === "sending" && takes > READER_IDLE_MS) {
        if (now - progressAt > READER_IDLE_MS || moved < (takes / 1_000) * MIN_READER_RATE) exchange.giveUp(tooSlow());
      }
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether more is in progress than can be finished in time. Clients with many requests are refused first, at twice as much all are. */
  #isBusy(client: Quota): boolean {
    const bound = this.#throughput.bound(performance.now());
    if (this.#all.size <= bound) return false;
    let working = 0;
    for (const { state } of this.#all) if (state === "working") working += 1;
    const isHeavy = client.requests * this.#clients.size >= this.#all.size;
    return working > (isHeavy ? bound : 2 * bound);
  }

  #add(exchange: Exchange, bytes: number): void {
    exchange.held += bytes;
    for (const quota of exchange.quotas) quota.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Ends the body or answer that has made no progress for longest. @param of only among these */
  #freePlace(of: Quota | undefined): boolean {
    const now = performance.now();
    let found: Exchange | undefined;
    for (const exchange of this.#all) {
      if (exchange.isGivenUp || exchange.state === "working" || !isOf(exchange, of)) continue;
      if (now - exchange.progressAt < (exchange.state === "receiving" ? STALLED_BODY_MS : STALLED_MS)) continue;
      if (!found || exchange.progressAt < found.progressAt) found = exchange;
    }
    found?.giveUp(overloaded());
    return found !== undefined;
  }

  /** The exchange that should give way to a request that needs memory: the largest without progress, else a much larger one. */
  #largest(wanting: Exchange, of: Quota | undefined): Exchange | undefined {
    const now = performance.now();
    let found: Exchange | undefined;
    let isFoundStalled = false;
    for (const exchange of this.#all) {
      if (exchange === wanting || exchange.held === 0 || exchange.state === "working" || !isOf(exchange, of)) continue;
      const isStalled = now - exchange.progressAt >= STALLED_MS;
      if (!isStalled && (isFoundStalled || exchange.held < wanting.held * MUCH_LARGER)) continue;
      if (found && isFoundStalled === isStalled && exchange.held <= found.held) continue;
      found = exchange;
      isFoundStalled = isStalled;
    }
    return found;
  }
}

const emptyQuota = ([maxRequests, maxBytes]: [requests: number, bytes: number]): Quota => ({
  maxRequests,
  maxBytes,
  requests: 0,
  bytes: 0,
});

const isOf = ({ quotas }: Exchange, quota: Quota | undefined): boolean => quota === undefined || quotas.includes(quota);

/** 503: this process has no room for the request now. */
export const overloaded = () => {
  shedRequests.inc();
  return new Errors.MoleculerRetryableError("The server has more requests than it can answer; try again in a moment.", 503, "OVERLOADED");
};

const tooSlow = () => httpError(408, "REQUEST_TOO_SLOW", `The body must arrive at ${MIN_BODY_RATE / 1_000} kB a second or more.`);
