/** What a check finds: each with the invariant that is broken and the resources that it is about. */

/** One breach. */
export interface Breach {
  /** Its name, e.g. "encounter-status" (docs/rules.md) or "unique-key". */
  invariant: string;
  /** What is wrong, for people; ids only, never a patient's data. */
  detail: string;
  /** `Type/id` */
  resources: string[];
  /** What `--repair` goes by. */
  about?: About;
}

/** What is wrong, for programs. */
export type About =
  /** A counter that is not what the resources of the service add up to. */
  | { kind: "counter"; service: string; counter: string; value: number; sum: number }
  /** A resource, `Type/id`, that does not give what is needed, or gives what is not. */
  | { kind: "counterpart"; service: string; resource: string; isNeeded: boolean }
  /** A resource, `Type/id`, that is not what follows from the counters of its service. */
  | { kind: "follows"; service: string; resource: string }
  /** A resource that does not hold a unique key of its own. */
  | { kind: "hold"; resource: string }
  /** An act that rests on what is not here. */
  | { kind: "reference"; resource: string };

/** What a check has seen. */
export interface CheckReport {
  /** ISO 8601, UTC. */
  at: string;
  seconds: number;
  resources: number;
  /** The first of each invariant, up to `MAX_TOLD`. */
  findings: Breach[];
  /** What may be right or not, which only people know: a charge that is billed on no Invoice here may be billed elsewhere. The first `MAX_TOLD`. */
  doubts: Breach[];
  /** How many there are in all. */
  doubtful: number;
  /** How many of each invariant there are in all. */
  counts: Record<string, number>;
  /** Breaches of what was written while it was looked at: run the check again. */
  unsettled: number;
  /** Acts of two patients whose records were merged, and apart again: what was edited in between stayed where it was. */
  leftByUnmerge: number;
  /** References of other resources than acts that lead nowhere; R4 allows it. */
  danglingElsewhere: number;
}

/** Told of one invariant: the rest is counted. */
const MAX_TOLD = 100;

/** Collects findings up to the bound. */
export class Findings {
  readonly told: Breach[] = [];
  readonly counts: Record<string, number> = {};
  readonly doubts: Breach[] = [];
  doubtful = 0;
  unsettled = 0;
  leftByUnmerge = 0;

  doubt(finding: Breach): void {
    this.doubtful += 1;
    if (this.doubtful <= MAX_TOLD) this.doubts.push(finding);
  }

  add(finding: Breach): void {
    const count = (this.counts[finding.invariant] ?? 0) + 1;
    this.counts[finding.invariant] = count;
    if (count <= MAX_TOLD) this.told.push(finding);
  }
}
