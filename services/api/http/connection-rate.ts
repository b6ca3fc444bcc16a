/**
 * How often a client may connect. Accepting a connection costs as much as answering a small request, whether anything is asked on it or not, and all
 * that arrive wait in one queue of the system: one address that connects and hangs up thousands of times a second would keep all others out of it.
 */

/** New connections of one address, per second on average: more than who makes one for each request asks by itself. */
const PER_SECOND = 500;
/** And at once, after a quiet time: as many as an address may have open. */
const AT_ONCE = 2_048;
/** Connections that one counts for whose client leaves while its request is worked on: that takes its time all the same. */
const HUNG_UP = 10;
/** Longest time for which an address has no connection at all once it has stopped that, seconds: others may be behind it. */
const MAX_WITHOUT_S = 1;
/** Addresses that are remembered; each is as new after `AT_ONCE / PER_SECOND` seconds. */
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
