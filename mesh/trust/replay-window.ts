/**
 * Detects repeated numbers of a sender: each is accepted once, and none that is far behind the newest. NATS keeps the order of one
 * connection; the window is for messages that take different ways through several servers.
 */

/** How far behind the newest a number may be. */
const SIZE = 256;

/** The received numbers of one sender. */
export class ReplayWindow {
  /** By the number modulo `SIZE`: the newest received one. */
  readonly #seen = new Float64Array(SIZE);
  #newest = 0;

  /** Whether the number is new; numbers begin with 1. */
  isNew(number: number): boolean {
    return number > this.#newest - SIZE && number > 0 && this.#seen[number % SIZE] !== number;
  }

  /** Marks it as received. */
  add(number: number): void {
    this.#seen[number % SIZE] = number;
    if (number > this.#newest) this.#newest = number;
  }
}
