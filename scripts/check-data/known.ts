/** Facts about referenced resources: read from the stores in batches, and cached up to a limit. */
import type { Resource } from "../../fhir/resource.ts";
import { idClause } from "../../fhir/search/exact-clauses.ts";
import { type Fact, localReference, hasFacts, splitPlace, factOf } from "../../federation/facts.ts";
import type { Facts, Question } from "../../mixins/fhir/rules/rule.ts";
import type { OwnerSource } from "./owner-stores.ts";
import { readStored } from "./stored-text.ts";

/** Facts in memory; the oldest are dropped first. A few hundred bytes each. */
const MAX_KNOWN = 100_000;
/** Ids in one question. */
const BATCH = 500;

/** Facts about stored resources. There is no write: nothing is replaced, created or deleted. */
export class KnownResources implements Facts {
  readonly #facts = new Map<string, Fact>();
  readonly #sources: OwnerSource[];
  /** Answers to the questions of one page. */
  readonly #found = new Map<string, Resource[]>();

  constructor(sources: OwnerSource[]) {
    this.#sources = sources;
  }

  of(reference: string | undefined): Fact | undefined {
    const place = localReference(reference);
    return place === undefined ? undefined : this.#facts.get(place);
  }

  found(question: Question): Resource[] {
    return this.#found.get(keyOf(question)) ?? [];
  }

  written = (): Resource[] => [];
  replacedBy = () => undefined;
  restingOn = () => [];
  namedBy = () => [];

  /** Reads the facts that are not known yet. @returns whether there were any */
  async ask(references: Iterable<string | undefined>): Promise<boolean> {
    const byType = new Map<string, Set<string>>();
    for (const reference of references) {
      const place = localReference(reference);
      if (place === undefined || this.#facts.has(place)) continue;
      const [type, id] = splitPlace(place);
      byType.set(type, (byType.get(type) ?? new Set()).add(id));
    }
    if (byType.size === 0) return false;
    this.#forget();
    for (const [type, ids] of byType) await this.#learn(type, [...ids]);
    return true;
  }

  /** Answers the questions that are not answered yet. @returns whether there were any */
  async askFor(questions: Question[]): Promise<boolean> {
    const open = new Map(questions.map((question) => [keyOf(question), question]));
    for (const key of this.#found.keys()) open.delete(key);
    for (const [key, { type, clauses, limit }] of open) {
      const found: Resource[] = [];
      for (const { store } of this.#ownersOf(type)) {
        const { rows } = await store.search({ type, clauses, sort: [], want: "rows", limit });
        for (const { id, json } of rows) {
          const read = readStored(json, { type, id });
          if ("resource" in read) found.push(read.resource);
        }
      }
      this.#found.set(key, found);
    }
    return open.size > 0;
  }

  /** Drops the answers of a page, which would fill the memory. */
  forgetFound(): void {
    this.#found.clear();
  }

  async #learn(type: string, ids: string[]): Promise<void> {
    const owners = this.#ownersOf(type);
    const want = hasFacts(type) ? "rows" : "ids";
    const found = new Map<string, Fact>();
    for (const { store } of owners) {
      for (let from = 0; from < ids.length; from += BATCH) {
        const clauses = [idClause(ids.slice(from, from + BATCH))];
        for (let after: { values: []; seq: number; id: string } | undefined, more = true; more; ) {
          const page = await store.search({ type, clauses, sort: [], want, limit: BATCH, ...(after && { after }) });
          for (const { id, version, json } of page.rows) {
            const reference = `${type}/${id}`;
            const read = readStored(json, { type, id });
            // Unreadable resources are reported elsewhere.
            const resource = "resource" in read ? factOf(read.resource) : { resourceType: type };
            found.set(id, { reference, is: "living", version, resource });
          }
          const last = page.rows.at(-1);
          more = page.more && last !== undefined;
          if (last) after = { values: [], seq: last.seq, id: last.id };
        }
      }
    }
    for (const id of ids) {
      const reference = `${type}/${id}`;
      const is = () => (owners.length === 0 ? "elsewhere" : absentOrDeleted(owners, type, id));
      this.#facts.set(reference, found.get(id) ?? { reference, is: await is(), version: 1 });
    }
  }

  #ownersOf(type: string): OwnerSource[] {
    return this.#sources.filter(({ owns }) => owns.has(type));
  }

  #forget(): void {
    for (const place of this.#facts.keys()) {
      if (this.#facts.size <= MAX_KNOWN) return;
      this.#facts.delete(place);
    }
  }
}

const keyOf = (question: Question): string => JSON.stringify(question);

async function absentOrDeleted(owners: OwnerSource[], type: string, id: string): Promise<"absent" | "deleted"> {
  for (const { store } of owners) if (await store.read(type, id)) return "deleted";
  return "absent";
}
