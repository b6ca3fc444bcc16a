/** Answers that depend on one store's content alone, given again as long as nobody has changed it: quick, and never old. */
import type { Store } from "./store.ts";

/** Answers kept; beyond it all are forgotten. */
const MAX_ANSWERS = 200;

/** Answers derived from one store, by key; each is valid until the store changes. */
export class StoreCache<Answer> {
  readonly #answers = new Map<string, Answer>();
  #mark: string | undefined;

  /**
   * @param key everything that the answer depends on besides the store
   * @param compute must read nothing but the store; two who ask at once may both compute
   */
  async get(store: Store, key: string, compute: () => Promise<Answer>): Promise<Answer> {
    const mark = store.changes();
    if (mark === undefined) return compute();
    if (mark !== this.#mark || this.#answers.size >= MAX_ANSWERS) {
      this.#answers.clear();
      this.#mark = mark;
    }
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = await compute();
    // What was changed while it was computed may be in it or not: then it is not kept.
    if (store.changes() === mark && this.#mark === mark) this.#answers.set(key, answer);
    return answer;
  }
}
