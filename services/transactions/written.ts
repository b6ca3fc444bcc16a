/** What a transaction writes, as criteria will find it when all its entries are done. */
import type { BundleEntry } from "../../fhir/bundle/entries.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { type Candidate, holds } from "../../fhir/search/holds.ts";
import type { Target } from "./conditions.ts";

/** The resources that the bundle creates and changes, indexed when the first question about their type comes. */
export class WrittenResources {
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
      .filter((one) => holds(clauses, one))
      .map(({ target }) => target);
  }

  #writtenOf(type: string): Written[] {
    return this.#writes.flatMap((entry) => {
      const target = this.#targets.get(entry);
      if (entry.type !== type || !target || !entry.resource || entry.method === "DELETE" || isFound(entry, target)) return [];
      return [{ id: target.id, updated: Date.now(), index: indexOf(entry.resource), target }];
    });
  }
}

/** A conditional create that found one writes nothing. */
export const isFound = ({ method }: BundleEntry, { held }: Target): boolean => method === "POST" && held !== undefined;

interface Written extends Candidate {
  target: Target;
}

/** Finds by an exact value those few that may match, so that many conditions about many resources do not take the product of both. */
class ByValue {
  readonly #all: Written[];
  readonly #byValue = new Map<string, Written[]>();

  constructor(all: Written[]) {
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

  candidates(clauses: Clause[]): Written[] {
    for (const clause of clauses) {
      if (clause.kind !== "key" || clause.not) continue;
      const values = clause.any.flatMap((match) => ("eq" in match ? [match.eq] : []));
      if (values.length < clause.any.length) continue;
      return clause.slots.flatMap((slot) => values.flatMap((value) => this.#byValue.get(`${slot} ${value}`) ?? []));
    }
    return this.#all;
  }
}
