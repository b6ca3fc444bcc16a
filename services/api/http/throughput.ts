/**
 * How much work a gateway takes on: as much as it gets done within three seconds. More would wait longer than clients do, and be done for nobody; what is
 * refused at once may be sent again when there is room.
 */

/** A request that would wait longer than this is better refused. Milliseconds. */
const WORTH_MS = 3_000;
/** So many are taken on whatever their pace: the calls of one action that an owner works on at once, and enough for large bundles. */
const AT_LEAST = 256;
/** Over so long the pace is taken, in so many parts. Milliseconds. */
const PART_MS = 500;
const PARTS = 6;

/** The pace at which requests are answered. */
export class Throughput {
  /** Answers in each part, the latest last. */
  readonly #parts: number[] = [];
  #part = 0;

  /** A request was answered. @param now milliseconds */
  done(now: number): void {
    this.#turn(now);
    this.#parts[PARTS - 1] = (this.#parts[PARTS - 1] ?? 0) + 1;
  }

  /** How many requests may be under way together. @param now milliseconds */
  bound(now: number): number {
    this.#turn(now);
    const answered = this.#parts.reduce((sum, count) => sum + count, 0);
    return Math.max(AT_LEAST, (answered * WORTH_MS) / (PART_MS * PARTS));
  }

  #turn(now: number): void {
    const part = Math.floor(now / PART_MS);
    for (let passed = Math.min(PARTS, part - this.#part); passed > 0; passed -= 1) {
      this.#parts.push(0);
      if (this.#parts.length > PARTS) this.#parts.shift();
    }
    this.#part = part;
  }
}
