/** Notifies all nodes of a new generation of roles, also if another process has stored it (an operator's program). */
import { poll } from "../poll.ts";

/** Broadcasts each generation once, including those stored by other processes. */
export class RoleNews {
  readonly #broadcast: (generation: number) => unknown;
  #told = 0;
  #end: (() => void) | undefined;

  /** @param broadcast sends to all nodes */
  constructor(broadcast: (generation: number) => unknown) {
    this.#broadcast = broadcast;
  }

  /** Announces a generation, unless it was announced already. */
  tell(generation: number): void {
    if (generation <= this.#told) return;
    this.#told = generation;
    this.#broadcast(generation);
  }

  /** @param look reads the newest generation of the store @param warn called when the store does not answer */
  watch(look: () => Promise<number>, warn: (message: string) => void): void {
    this.#end = poll(
      async () => this.tell(await look()),
      (error) => warn(`Changed roles are not seen: ${error.message}`),
    );
  }

  stop(): void {
    this.#end?.();
  }
}
