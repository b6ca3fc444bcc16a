/** Fences of a process that alone writes to its file: they are in memory, and end with it. */
import type { Fencing, VersionReference } from "../store.ts";

/** Fences that are kept; beyond it expired ones are removed, then the oldest. Each takes about 200 bytes. */
const MAX_FENCES = 10_000;

interface Fence extends Fencing {
  version: number;
}

/** By `Type/id`: the fences of a resource, each with the version up to which no write may rely on it. */
export class Fences {
  readonly #all = new Map<string, Fence[]>();
  #count = 0;

  set({ type, id, version }: VersionReference, { token, expiresAt }: Fencing): void {
    const reference = `${type}/${id}`;
    this.delete(reference, token);
    if (this.#count >= MAX_FENCES) this.#throwOut();
    this.#all.set(reference, [...(this.#all.get(reference) ?? []), { token, version, expiresAt }]);
    this.#count += 1;
  }

  /** @param now milliseconds since 1970 */
  get(reference: string, now: number): number | undefined {
    const versions = this.#all.get(reference)?.flatMap(({ version, expiresAt }) => (expiresAt >= now ? [version] : [])) ?? [];
    return versions.length > 0 ? Math.max(...versions) : undefined;
  }

  /** @returns whether the fence existed */
  delete(reference: string, token: string): boolean {
    return this.#keep(reference, (it) => it.token !== token);
  }

  #keep(reference: string, isKept: (it: Fence) => boolean): boolean {
    const known = this.#all.get(reference) ?? [];
    const left = known.filter(isKept);
    if (left.length === known.length) return false;
    this.#count -= known.length - left.length;
    if (left.length > 0) this.#all.set(reference, left);
    else this.#all.delete(reference);
    return true;
  }

  #throwOut(): void {
    const now = Date.now();
    for (const reference of this.#all.keys()) this.#keep(reference, ({ expiresAt }) => expiresAt >= now);
    for (const reference of this.#all.keys()) {
      if (this.#count < MAX_FENCES) return;
      this.#keep(reference, () => false);
    }
  }
}
