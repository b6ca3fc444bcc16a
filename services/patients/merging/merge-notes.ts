/** The record of a merge in the service's map: moved resources with their previous versions, later edits, and the result. */
import type { Store } from "../../../store/store.ts";
import type { MergeState } from "../patients.contract.ts";

/** Edited resources that an answer names, and notes that are removed at a time. */
const MAX_EDITED = 1_000;

/** The map of the service. */
export type NotesStore = Pick<Store, "put" | "get" | "remove" | "entries" | "usage">;

/** A moved resource, `Type/id`, and its version before the move. */
export interface Moved {
  reference: string;
  version: number;
}

/** Notes by the replaced record, "Patient/…". */
export class MergeNotes {
  readonly #store: NotesStore;

  constructor(store: NotesStore) {
    this.#store = store;
  }

  /** Notes that it runs as a task. @param work a merge, or an unmerge */
  async begun(source: string, target: string, work: "merge" | "part"): Promise<void> {
    await this.#store.remove(refused(source));
    await this.#store.put(running(source), target);
    if (work === "merge") await this.#store.put(into(target) + idOf(source), source);
  }

  /** Notes that it has ended. @param error the refusal that ended it */
  async ended(source: string, error?: { type?: string; message: string }): Promise<void> {
    if (error) {
      const { type, message } = error;
      await this.#store.put(refused(source), JSON.stringify({ ...(type !== undefined && { type }), message }));
    }
    const target = await this.#store.get(running(source));
    if (target !== undefined) await this.#store.remove(into(target) + idOf(source));
    await this.#store.remove(running(source));
  }

  /** The record whose merge into this one runs as a task; undefined: there is none. */
  async runningInto(target: string): Promise<string | undefined> {
    const [first] = await this.#store.entries(into(target), 1);
    return first?.value;
  }

  /** Whether a merge, not an unmerge, of the record runs as a task. */
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

  /** Notes a resource before it is moved. */
  async moving(source: string, { reference, version }: Moved): Promise<void> {
    const [key, value] = [moved(source) + reference, `${version}`];
    // An earlier attempt may have noted another version.
    if ((await this.#store.put(key, value)) === value) return;
    await this.#store.remove(key);
    await this.#store.put(key, value);
  }

  async count(source: string): Promise<number> {
    return (await this.#store.usage(moved(source))).count;
  }

  /** Some of the moved resources. */
  async some(source: string, limit: number): Promise<Moved[]> {
    const found = await this.#store.entries(moved(source), limit);
    return found.map(({ key, value }) => ({ reference: key.slice(moved(source).length), version: Number(value) }));
  }

  /** The patient records among them: the two, whichever of them was merged again since. */
  async records(source: string): Promise<string[]> {
    const found = await this.#store.entries(`${moved(source)}Patient/`, MAX_EDITED);
    return found.map(({ key }) => key.slice(moved(source).length));
  }

  /** The version of a resource before the move; undefined: it was not moved. */
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

  /** At most 1,000. */
  async edited(source: string): Promise<string[]> {
    return (await this.#store.entries(edited(source), MAX_EDITED)).map(({ key }) => key.slice(edited(source).length));
  }

  /** Removes the notes of an earlier merge of the record, or of one that did not come about. */
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
