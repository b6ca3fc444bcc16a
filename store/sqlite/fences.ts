/** Fences of a process that alone writes to its file: they are in memory, and end with it. */
import { meshTime } from "../../mesh/mesh-time.ts";
import type { Fencing, VersionReference } from "../store.ts";

/** Fences that are kept; beyond it they belong in the file. Each takes about 200 bytes. */
const MAX_FENCES = 50_000;
/** Fences before expired ones are removed for the first time. */
const FIRST_SWEEP = 1_000;
/** Shortest interval between two removals, when nearly all fences are valid; milliseconds. */
const BETWEEN_SWEEPS_MS = 500;

interface Fence extends Fencing {
  version: number;
}

/** By `Type/id`: the fences of a resource, each with the version up to which no write may rely on it. */
export class Fences {
  readonly #all = new Map<string, Fence[]>();
  readonly #max: number;
  #count = 0;
  #sweepAt = FIRST_SWEEP;
  /** Milliseconds since 1970. */
  #sweptAt = 0;

  constructor(max = MAX_FENCES) {
    this.#max = max;
  }

  /** @returns false if there are too many: then nothing is fenced */
  set({ type, id, version }: VersionReference, { token, expiresAt }: Fencing): boolean {
    const reference = `${type}/${id}`;
    this.delete(reference, token);
    if (this.#count >= this.#sweepAt) this.#removeExpired();
    if (this.#count >= this.#max) return false;
    const fence = { token, version, expiresAt };
    const known = this.#all.get(reference);
    if (known) known.push(fence);
    else this.#all.set(reference, [fence]);
    this.#count += 1;
    return true;
  }

  /** @param now milliseconds since 1970 */
  get(reference: string, now: number): number | undefined {
    const versions = this.#all.get(reference)?.flatMap(({ version, expiresAt }) => (expiresAt >= now ? [version] : [])) ?? [];
    return versions.length > 0 ? Math.max(...versions) : undefined;
  }

  /** @returns whether the fence existed */
  delete(reference: string, token: string): boolean {
    const known = this.#all.get(reference);
    return known !== undefined && this.#keep(reference, known, (it) => it.token !== token);
  }

  #keep(reference: string, known: Fence[], isKept: (it: Fence) => boolean): boolean {
    const left = known.filter(isKept);
    this.#count -= known.length - left.length;
    if (left.length > 0) this.#all.set(reference, left);
    else this.#all.delete(reference);
    return left.length < known.length;
  }

  /** Next when there are twice as many as now, so that each fence is looked at about once. */
  #removeExpired(): void {
    const now = meshTime.now();
    if (now - this.#sweptAt < BETWEEN_SWEEPS_MS) return;
    this.#sweptAt = now;
    for (const [reference, known] of this.#all) {
      if (known.some(({ expiresAt }) => expiresAt < now)) this.#keep(reference, known, ({ expiresAt }) => expiresAt >= now);
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, Math.min(this.#max, 2 * this.#count));
  }
}
