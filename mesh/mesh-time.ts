/**
 * The time by which the nodes of a mesh judge each other's messages, stamps, tokens and retention. While other nodes agree with it, it is the clock of
 * this machine as it was, plus the time that has passed since: a clock that is set in the meantime, by an hour or by a mistake, changes nothing. Without
 * other nodes it is the machine's clock. Times that people read (`meta.lastUpdated`, `at`) are always the machine's.
 */
import { CLOCKS_APART_MS } from "./trust/certificate.ts";

/** How far the clock may be from the time that has passed and still be followed, milliseconds: clocks are adjusted in small steps. */
const STEP_MS = 2_000;
/** How long the agreement of another node counts, milliseconds: several times the interval of heartbeats. */
const AGREED_MS = 60_000;

/** Sources of time, in milliseconds. */
export interface Clocks {
  /** The machine's clock, since 1970. */
  wall(): number;
  /** The time that has passed. */
  monotonic(): number;
}

const isNear = (time: number, other: number): boolean => Math.abs(time - other) <= CLOCKS_APART_MS;

/** The mesh's time as one process knows it. */
export class MeshTime {
  readonly #clocks: Clocks;
  /** Add `monotonic()` to it. */
  #base: number;
  /** By `monotonic()`: when another node's time was last near this one. */
  #agreedAt = Number.NEGATIVE_INFINITY;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#base = clocks.wall() - clocks.monotonic();
  }

  /** Milliseconds since 1970. */
  now(): number {
    const passed = this.#clocks.monotonic();
    const wall = this.#clocks.wall();
    const steady = this.#base + passed;
    if (Math.abs(wall - steady) > STEP_MS && passed - this.#agreedAt <= AGREED_MS) return steady;
    this.#base = wall - passed;
    return wall;
  }

  /** Whether a time may be of now: by this time, or by the machine's clock, which others may agree with instead. */
  isNow(time: number): boolean {
    return isNear(time, this.now()) || isNear(time, this.#clocks.wall());
  }

  /** Notes the time of a verified message of another node: if only the machine's clock is near it, that was put right, or the machine has slept. */
  heard(time: number): void {
    const passed = this.#clocks.monotonic();
    const wall = this.#clocks.wall();
    if (isNear(time, this.now())) this.#agreedAt = passed;
    else if (isNear(time, wall)) this.#base = wall - passed;
  }
}

/** That of this process. */
export const meshTime = new MeshTime({ wall: () => Date.now(), monotonic: () => performance.now() });
