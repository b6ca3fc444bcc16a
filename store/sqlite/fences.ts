/** Fences of a process that is alone on its file: they are in memory, and end with it. */

/** Fences kept; beyond it those that are over are thrown out, then the oldest. Each is some 100 bytes. */
const MAX_FENCES = 10_000;

/** By `Type/id`, the version up to which nothing may rely on a resource. */
export class Fences {
  readonly #all = new Map<string, { version: number; expiresAt: number }>();

  /** @param expiresAt milliseconds since 1970 */
  set(reference: string, version: number, expiresAt: number): void {
    if (this.#all.size >= MAX_FENCES) this.#throwOut();
    this.#all.set(reference, { version, expiresAt });
  }

  /** @param now milliseconds since 1970 */
  get(reference: string, now: number): number | undefined {
    const known = this.#all.get(reference);
    return known && known.expiresAt >= now ? known.version : undefined;
  }

  /** @returns whether there was one */
  delete(reference: string): boolean {
    return this.#all.delete(reference);
  }

  #throwOut(): void {
    const now = Date.now();
    for (const [reference, { expiresAt }] of this.#all) if (expiresAt < now) this.#all.delete(reference);
    for (const reference of this.#all.keys()) {
      if (this.#all.size < MAX_FENCES) return;
      this.#all.delete(reference);
    }
  }
}
