/** Tells all nodes that there is another generation of roles, also where another process has made it in the store (an operator's program). */
import { lookAgain } from "../look-again.ts";

/** Broadcasts each generation once, those too that another process has stored. */
export class RoleNews {
  readonly #broadcast: (generation: number) => unknown;
  #told = 0;
  #end: (() => void) | undefined;

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
    this.#end = lookAgain(
      async () => this.tell(await look()),
      (error) => warn(`Changed roles are not seen: ${error.message}`),
    );
  }

  stop(): void {
    this.#end?.();
  }
}
