/** Tells all nodes that there is another generation of roles, also where another process has made it in the store (an operator's program). */

/** How often the store is looked at, milliseconds: what was changed holds everywhere within a second. */
const LOOK_EVERY_MS = 400;

/** See the head of this file. */
export class RoleNews {
  readonly #broadcast: (generation: number) => unknown;
  #told = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param broadcast tells all nodes */
  constructor(broadcast: (generation: number) => unknown) {
    this.#broadcast = broadcast;
  }

  /** Tells what was not told yet. */
  tell(generation: number): void {
    if (generation <= this.#told) return;
    this.#told = generation;
    this.#broadcast(generation);
  }

  /** @param look the newest generation of the store @param warn told when the store does not answer */
  watch(look: () => Promise<number>, warn: (message: string) => void): void {
    const next = () => {
      this.#timer = setTimeout(() => {
        look()
          .then((generation) => this.tell(generation))
          .catch((error: Error) => this.#timer && warn(`Changed roles are not seen: ${error.message}`))
          .finally(() => this.#timer && next());
      }, LOOK_EVERY_MS).unref();
    };
    next();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
