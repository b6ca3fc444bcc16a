/** What is written down of the merge of a record, in the service's map: what was moved from which version, what was edited since, how it ended. */
import type { Store } from "../../../store/store.ts";
import type { MergeState } from "../patients.contract.ts";

/** Resources that an answer names of those that were edited since; and notes that are removed at once. */
const MAX_EDITED = 1_000;

/** The map of the service. */
export type NotesStore = Pick<Store, "put" | "get" | "remove" | "entries" | "usage">;

/** A resource that was moved, `Type/id`, and the version that it was in before. */
export interface Moved {
  reference: string;
  version: number;
}

/** Notes by the record that is replaced, "Patient/…". */
export class MergeNotes {
  readonly #store: NotesStore;

  constructor(store: NotesStore) {
    this.#store = store;
  }

  /** It is going on by itself. @param work what is done: a merge, or what takes one back */
  async begun(source: string, target: string, work: "merge" | "part"): Promise<void> {
    await this.#store.remove(refused(source));
    await this.#store.put(running(source), target);
    if (work === "merge") await this.#store.put(into(target) + idOf(source), source);
  }

  /** @param error what has ended it */
  async ended(source: string, error?: { type?: string; message: string }): Promise<void> {
    if (error) {
      const { type, message } = error;
      await this.#store.put(refused(source), JSON.stringify({ ...(type !== undefined && { type }), message }));
    }
    const target = await this.#store.get(running(source));
    if (target !== undefined) await this.#store.remove(into(target) + idOf(source));
    await this.#store.remove(running(source));
  }

  /** The record of which a merge into this one is going on by itself; undefined: there is none. */
  async runningInto(target: string): Promise<string | undefined> {
    const [first] = await this.#store.entries(into(target), 1);
    return first?.value;
  }

  /** Whether a merge of the record, not what takes it back, is going on by itself. */
  async isMerging(source: string): Promise<boolean> {
    const target = await this.#store.get(running(source));
    return target !== undefined && (await this.#store.get(into(target) + idOf(source))) !== undefined;
  }

  async isRunning(source: string): Promise<boolean> {
    return (await this.#store.get(running(source))) !== undefined;
  }

  async refusal(source: string): Promise<MergeState["refusal"]> {
    const text = await this.#store.get(refused(source));
    return text === undefined ? undefined : (JSON.parse(text) as MergeState["refusal"]);
  }

  /** Before it is moved. */
  async moving(source: string, { reference, version }: Moved): Promise<void> {
    const [key, value] = [moved(source) + reference, `${version}`];
    // An earlier try may have seen another version.
    if ((await this.#store.put(key, value)) === value) return;
    await this.#store.remove(key);
    await this.#store.put(key, value);
  }

  async count(source: string): Promise<number> {
    return (await this.#store.usage(moved(source))).count;
  }

  /** Some of those that were moved. */
  async some(source: string, limit: number): Promise<Moved[]> {
    const found = await this.#store.entries(moved(source), limit);
    return found.map(({ key, value }) => ({ reference: key.slice(moved(source).length), version: Number(value) }));
  }

  /** The records of patients among them: the two, whichever of them was merged on since. */
  async records(source: string): Promise<string[]> {
    const found = await this.#store.entries(`${moved(source)}Patient/`, MAX_EDITED);
    return found.map(({ key }) => key.slice(moved(source).length));
  }

  /** The version that one was in before; undefined: it was not moved. */
  async versionBefore(source: string, reference: string): Promise<number | undefined> {
    const text = await this.#store.get(moved(source) + reference);
    return text === undefined ? undefined : Number(text);
  }

  async givenBack(source: string, reference: string): Promise<void> {
    await this.#store.remove(moved(source) + reference);
  }

  async noteEdited(source: string, reference: string): Promise<void> {
    await this.#store.put(edited(source) + reference, "");
  }

  /** 1,000 at most. */
  async edited(source: string): Promise<string[]> {
    return (await this.#store.entries(edited(source), MAX_EDITED)).map(({ key }) => key.slice(edited(source).length));
  }

  /** What an earlier merge of the record, or one that never came about, has left. */
  async forget(source: string): Promise<void> {
    for (const prefix of [moved(source), edited(source)]) {
      for (;;) {
        const some = await this.#store.entries(prefix, MAX_EDITED);
        if (some.length === 0) break;
        for (const { key } of some) await this.#store.remove(key);
      }
    }
  }
}

const idOf = (reference: string): string => reference.slice(reference.indexOf("/") + 1);
const prefixOf = (source: string): string => `merge/${idOf(source)}`;
const into = (target: string): string => `merge-into/${idOf(target)}/`;
const moved = (source: string): string => `${prefixOf(source)}/moved/`;
const edited = (source: string): string => `${prefixOf(source)}/edited/`;
const running = (source: string): string => `${prefixOf(source)}/running`;
const refused = (source: string): string => `${prefixOf(source)}/refused`;
