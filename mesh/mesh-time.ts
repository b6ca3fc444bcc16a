/**
 * The time by which the nodes of a mesh judge each other's messages, stamps, tokens and retention. While another node agrees whose own clock does, it is
 * the clock of this machine as it was, plus the time that has passed since: a clock that is set in the meantime, by an hour or by a mistake, changes
 * nothing. Where all clocks were set, as on a machine that runs the whole mesh or has slept, none agrees, and after a minute all follow the clock. Without
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
  /** By `monotonic()`: when the time of another node that follows its clock was last near this one. */
  #agreedAt = Number.NEGATIVE_INFINITY;
  #isHeld = false;
  /** Changes when this time has jumped to the machine's clock: then other nodes must be told the new time. */
  jumps = 0;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#base = clocks.wall() - clocks.monotonic();
  }

  /** Milliseconds since 1970. */
  now(): number {
    const passed = this.#clocks.monotonic();
    const wall = this.#clocks.wall();
    const steady = this.#base + passed;
    const isStep = Math.abs(wall - steady) > STEP_MS;
    this.#isHeld = isStep && passed - this.#agreedAt <= AGREED_MS;
    if (this.#isHeld) return steady;
    if (isStep) this.jumps += 1;
    this.#base = wall - passed;
    return wall;
  }

  /** How far the machine's clock is ahead of this time, milliseconds; negative: behind. 0 while this time follows the clock. */
  offMs(): number {
    const now = this.now();
    return this.#isHeld ? this.#clocks.wall() - now : 0;
  }

  /** This time or the machine's clock, whichever is earlier: what an issuer gave a life by its own clock, like a token, is not over by one of them. */
  earliest(): number {
    return Math.min(this.now(), this.#clocks.wall());
  }

  /** Whether a time may be of now: by this time, or by the machine's clock, which others may agree with instead. */
  isNow(time: number): boolean {
    return isNear(time, this.now()) || isNear(time, this.#clocks.wall());
  }

  /** The time for a message: odd if this node does not follow its own clock, so that it vouches for no other node's time. Whole milliseconds. */
  stated(): number {
    const now = Math.floor(this.now() / 2) * 2;
    return this.#isHeld ? now + 1 : now;
  }

  /** Notes the time that a verified message of another node states: if only the machine's clock is near it, that was put right, or the machine has slept. */
  heard(time: number): void {
    const now = this.now();
    const passed = this.#clocks.monotonic();
    const wall = this.#clocks.wall();
    if (isNear(time, now)) {
      if (time % 2 === 0) this.#agreedAt = passed;
    } else if (isNear(time, wall)) {
      this.#base = wall - passed;
      this.#isHeld = false;
      this.jumps += 1;
    }
  }
}

/** That of this process. */
export const meshTime = new MeshTime({ wall: () => Date.now(), monotonic: () => performance.now() });
