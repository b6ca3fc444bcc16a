/** The resources that a transaction writes, as criteria will find them after all its entries. */
import type { BundleEntry } from "../../fhir/bundle/entries.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { CandidateIndex } from "../../fhir/search/candidate-index.ts";
import { sizeLimitsOf } from "../../fhir/resource-size.ts";
import type { Candidate } from "../../fhir/search/matches-clauses.ts";
import { isFound, type Target } from "./targets.ts";

/** The resources that the bundle creates and changes, indexed at the first question about their type. */
export class PendingIndex {
  readonly #byType = new Map<string, CandidateIndex<PendingResource>>();
  readonly #writes: BundleEntry[];
  readonly #targets: Map<BundleEntry, Target>;

  constructor(writes: BundleEntry[], targets: Map<BundleEntry, Target>) {
    this.#writes = writes;
    this.#targets = targets;
  }

  /**
   * The written resources that match all clauses; one may be returned once per entry.
   * @throws FhirError 422 for conditions that match too much, and for a resource with too many values
   */
  matching(type: string, clauses: Clause[]): Target[] {
    const known = this.#byType.get(type) ?? this.#writtenOf(type);
    this.#byType.set(type, known);
    return known.matching(clauses).map(({ target }) => target);
  }

  #writtenOf(type: string): CandidateIndex<PendingResource> {
    const written = new CandidateIndex<PendingResource>();
    for (const entry of this.#writes) {
      const target = this.#targets.get(entry);
      if (entry.type !== type || !target || !entry.resource || entry.method === "DELETE" || isFound(entry, target)) continue;
      written.add({ id: target.id, updated: Date.now(), index: indexOf(entry.resource, sizeLimitsOf(type).rows), target });
    }
    return written;
  }
}

interface PendingResource extends Candidate {
  target: Target;
}
