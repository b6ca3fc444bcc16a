/** What a transaction writes, as criteria will find it when all its entries are done. */
import type { BundleEntry } from "../../fhir/bundle/entries.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { type Candidate, matchesClauses } from "../../fhir/search/matches-clauses.ts";
import { isFound, type Target } from "./targets.ts";

/** The resources that the bundle creates and changes, indexed when the first question about their type comes. */
export class PendingIndex {
  readonly #byType = new Map<string, ByValue>();
  readonly #writes: BundleEntry[];
  readonly #targets: Map<BundleEntry, Target>;

  constructor(writes: BundleEntry[], targets: Map<BundleEntry, Target>) {
    this.#writes = writes;
    this.#targets = targets;
  }

  /** What is written and answers all the clauses; one that several entries stand for may come more than once. */
  matching(type: string, clauses: Clause[]): Target[] {
    const known = this.#byType.get(type) ?? new ByValue(this.#writtenOf(type));
    this.#byType.set(type, known);
    return known
      .candidates(clauses)
      .filter((one) => matchesClauses(clauses, one))
      .map(({ target }) => target);
  }

  #writtenOf(type: string): PendingResource[] {
    return this.#writes.flatMap((entry) => {
      const target = this.#targets.get(entry);
      if (entry.type !== type || !target || !entry.resource || entry.method === "DELETE" || isFound(entry, target)) return [];
      return [{ id: target.id, updated: Date.now(), index: indexOf(entry.resource), target }];
    });
  }
}

interface PendingResource extends Candidate {
  target: Target;
}

/** Finds by an exact value those few that may match, so that many conditions about many resources do not take the product of both. */
class ByValue {
  readonly #all: PendingResource[];
  readonly #byValue = new Map<string, PendingResource[]>();

  constructor(all: PendingResource[]) {
    this.#all = all;
    for (const one of all) {
      for (const [slot, value] of one.index.keys) {
        const key = `${slot} ${value}`;
        const same = this.#byValue.get(key);
        if (same) same.push(one);
        else this.#byValue.set(key, [one]);
      }
    }
  }

  candidates(clauses: Clause[]): PendingResource[] {
    for (const clause of clauses) {
      if (clause.kind !== "key" || clause.not) continue;
      const values = clause.any.flatMap((match) => ("eq" in match ? [match.eq] : []));
      if (values.length < clause.any.length) continue;
      return clause.slots.flatMap((slot) => values.flatMap((value) => this.#byValue.get(`${slot} ${value}`) ?? []));
    }
    return this.#all;
  }
}
