/** A cache of answers that depend on the content of one store alone; an entry is valid until that store changes, so that none is stale. */
import type { Store } from "./store.ts";

/** Entries that are kept; when there are more, all are dropped. */
const MAX_ANSWERS = 200;

/** Answers derived from one store, by key; each is valid until the store changes. */
export class StoreCache<Answer> {
  readonly #answers = new Map<string, Answer>();
  #mark: string | undefined;

  /**
   * @param key everything that the answer depends on besides the store
   * @param compute must read nothing but the store; two concurrent callers may both compute
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
    // A change during the computation may or may not be in the answer: it is not kept.
    if (store.changes() === mark && this.#mark === mark) this.#answers.set(key, answer);
    return answer;
  }
}
