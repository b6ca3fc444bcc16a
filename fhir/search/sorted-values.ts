/** Texts with what they belong to, found by how they begin, while more come. Pure. */

/** Texts that wait to be sorted in, besides a quarter of those that are: looking through them takes less than sorting each time. */
const MAX_WAITING = 64;

/** Finds by a beginning, in little more than the logarithm of how many there are. */
export class SortedValues<Of> {
  #sorted: [value: string, of: Of][] = [];
  #waiting: [value: string, of: Of][] = [];

  add(value: string, of: Of): void {
    this.#waiting.push([value, of]);
    if (this.#waiting.length <= MAX_WAITING + this.#sorted.length / 4) return;
    this.#sorted = [...this.#sorted, ...this.#waiting].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#waiting = [];
  }

  /** How many texts are looked at, whatever the question is. */
  get cost(): number {
    return this.#waiting.length;
  }

  /** What belongs to the texts that begin so; one with several such texts comes more than once. */
  startingWith(prefix: string): Of[] {
    const found = this.#waiting.flatMap(([value, of]) => (value.startsWith(prefix) ? [of] : []));
    for (let index = this.#placeOf(prefix); this.#sorted[index]?.[0].startsWith(prefix); index++) {
      found.push((this.#sorted[index] as [string, Of])[1]);
    }
    return found;
  }

  /** Of the first text that is not before `prefix`. */
  #placeOf(prefix: string): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as [string, Of])[0] < prefix) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
