/**
 * Limits the work that a gateway accepts to what it finishes within three seconds. More would wait longer than clients do, and be done in vain;
 * requests that are refused at once can be sent again when there is room.
 */

/** A request that would wait longer than this is refused. Milliseconds. */
const WORTH_MS = 3_000;
/** Accepted at any pace: the calls of one action that an owner processes at once, and enough for large bundles. */
const AT_LEAST = 256;
/** The pace is measured over this many parts of this length. Milliseconds. */
const PART_MS = 500;
const PARTS = 6;

/** The pace at which requests are answered. */
export class Throughput {
  /** Answers in each part, the latest last. */
  readonly #parts: number[] = [];
  #part = 0;

  /** Called when a request was answered. @param now milliseconds */
  done(now: number): void {
    this.#turn(now);
    this.#parts[PARTS - 1] = (this.#parts[PARTS - 1] ?? 0) + 1;
  }

  /** Limit of the requests in progress. @param now milliseconds */
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
