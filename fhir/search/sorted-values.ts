/** Texts with associated objects, found by prefix while more are added. Pure. */

/** Texts that may wait unsorted, besides a quarter of the sorted ones: scanning them is cheaper than sorting each time. */
const MAX_WAITING = 64;

/** Finds by prefix, in little more than logarithmic time. */
export class SortedValues<Of> {
  #sorted: [value: string, of: Of][] = [];
  #waiting: [value: string, of: Of][] = [];

  add(value: string, of: Of): void {
    this.#waiting.push([value, of]);
    if (this.#waiting.length <= MAX_WAITING + this.#sorted.length / 4) return;
    this.#sorted = [...this.#sorted, ...this.#waiting].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#waiting = [];
  }

  /** Number of texts that every question compares. */
  get cost(): number {
    return this.#waiting.length;
  }

  /** The objects of all texts with this prefix; one with several such texts is returned repeatedly. */
  startingWith(prefix: string): Of[] {
    const found = this.#waiting.flatMap(([value, of]) => (value.startsWith(prefix) ? [of] : []));
    for (let index = this.#placeOf(prefix); this.#sorted[index]?.[0].startsWith(prefix); index++) {
      found.push((this.#sorted[index] as [string, Of])[1]);
    }
    return found;
  }

  /** Position of the first text that does not sort before `prefix`. */
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
