/**
 * Limits how often a client may connect. Accepting a connection costs as much as answering a small request, even if no request follows, and all new
 * connections wait in one queue of the system: an address that connects and hangs up thousands of times a second would fill that queue.
 */

/** New connections of one address, per second on average: more than a client needs that opens one for each request. */
const PER_SECOND = 500;
/** New connections at once after a quiet time: as many as an address may have open. */
const AT_ONCE = 2_048;
/** A connection whose client leaves while its request is worked on counts as this many: the work is done all the same. */
const HUNG_UP = 10;
/** Longest time for which an address gets no connection after it has stopped this, seconds: it may have other users. */
const MAX_WITHOUT_S = 1;
/** Limit of remembered addresses; each can be forgotten after `AT_ONCE / PER_SECOND` seconds. */
const MAX_ADDRESSES = 16_384;

interface Allowance {
  left: number;
  /** Milliseconds, of `performance.now()`. */
  at: number;
}

/** Counts the new connections of each address. */
export class ConnectionRate {
  readonly #perSecond: number;
  readonly #atOnce: number;
  readonly #addresses = new Map<string, Allowance>();

  constructor(perSecond = PER_SECOND, atOnce = AT_ONCE) {
    this.#perSecond = perSecond;
    this.#atOnce = atOnce;
  }

  /** Counts a new connection. @param now of `performance.now()` @returns whether the address may have it */
  admits(address: string, now = performance.now()): boolean {
    const present = this.#present(address, now);
    const isAdmitted = present >= 1;
    this.#note(address, isAdmitted ? present - 1 : present, now);
    return isAdmitted;
  }

  /** Counts a connection whose client has left while its request was worked on. */
  hungUp(address: string, now = performance.now()): void {
    this.#note(address, Math.max(-this.#perSecond * MAX_WITHOUT_S, this.#present(address, now) - HUNG_UP + 1), now);
  }

  #present(address: string, now: number): number {
    const { left, at } = this.#addresses.get(address) ?? { left: this.#atOnce, at: now };
    return Math.min(this.#atOnce, left + ((now - at) / 1_000) * this.#perSecond);
  }

  #note(address: string, left: number, at: number): void {
    this.#addresses.delete(address); // so that the one that has been quiet for longest is dropped first
    this.#addresses.set(address, { left, at });
    if (this.#addresses.size > MAX_ADDRESSES) this.#addresses.delete(this.#addresses.keys().next().value as string);
  }
}
