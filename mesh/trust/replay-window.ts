/**
 * Which numbers of a sender have come: each counts once, and what is far behind the newest counts no more. NATS keeps the order of one
 * connection; the window is for messages that take different ways through several servers.
 */

/** So far behind the newest a number may be. */
const SIZE = 256;

/** The numbers of one sender. */
export class ReplayWindow {
  /** By the number modulo `SIZE`, the newest that came. */
  readonly #seen = new Float64Array(SIZE);
  #newest = 0;

  /** Whether the number is new; numbers begin with 1. */
  isNew(number: number): boolean {
    return number > this.#newest - SIZE && number > 0 && this.#seen[number % SIZE] !== number;
  }

  /** From now on it is not. */
  add(number: number): void {
    this.#seen[number % SIZE] = number;
    if (number > this.#newest) this.#newest = number;
  }
}
