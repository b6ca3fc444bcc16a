/** Counts events, and computes their recent rate. */
const WINDOW = 5; // seconds

/** A counter of events with their rate, per second, over the last five seconds. */
export class Meter {
  #total = 0;
  #marks: { at: number; total: number }[] = [];

  count(): void {
    this.#total += 1;
  }

  /** Rate per second over the last few seconds in which it was called. @param now milliseconds */
  rate(now: number, total = this.#total): number {
    this.#marks.push({ at: now, total });
    while (this.#marks.length > 1 && (this.#marks[0] as { at: number }).at < now - WINDOW * 1000) this.#marks.shift();
    const [first] = this.#marks;
    if (!first || first.at >= now) return 0;
    return ((total - first.total) * 1000) / (now - first.at);
  }
}
