/** The findings of a check, each with the broken invariant and the resources concerned. */

/** One violation. */
export interface Breach {
  /** Name of the invariant, e.g. "encounter-status" (docs/rules.md) or "unique-key". */
  invariant: string;
  /** What is wrong, for people; contains ids only, never patient data. */
  detail: string;
  /** `Type/id` */
  resources: string[];
  /** The cause, for `--repair`. */
  about?: About;
}

/** What is wrong, for programs. */
export type About =
  /** A counter that differs from the sum over the service's resources. */
  | { kind: "counter"; service: string; counter: string; value: number; sum: number }
  /** A resource, `Type/id`, that lacks a required counterpart, or provides one that is not required. */
  | { kind: "counterpart"; service: string; resource: string; isNeeded: boolean }
  /** A resource, `Type/id`, that contradicts the counters of its service. */
  | { kind: "follows"; service: string; resource: string }
  /** A resource that does not hold one of its unique keys. */
  | { kind: "hold"; resource: string }
  /** An act with a required reference that leads nowhere. */
  | { kind: "reference"; resource: string }
  /** A resource that names a code system by another spelling of its address. */
  | { kind: "systems"; resource: string };

/** The result of a check. */
export interface CheckReport {
  /** ISO 8601, UTC. */
  at: string;
  seconds: number;
  resources: number;
  /** The first of each invariant, up to `MAX_TOLD`. */
  findings: Breach[];
  /** Possible violations that only people can judge, e.g. a charge that is billed on no Invoice here may be billed elsewhere. The first `MAX_TOLD`. */
  doubts: Breach[];
  /** Number of all possible violations. */
  doubtful: number;
  /** Number of all violations by invariant. */
  counts: Record<string, number>;
  /** Violations in resources that were written during the check: run it again. */
  unsettled: number;
  /** Acts with two patients whose records were merged and separated again: what was edited in between stayed where it was. */
  leftByUnmerge: number;
  /** References of resources other than acts that lead nowhere, which R4 allows. */
  danglingElsewhere: number;
  /** The first of these, up to `MAX_TOLD`. */
  dangling: Dangling[];
}

/** A reference that leads nowhere. */
export interface Dangling {
  /** The resource that refers, "Type/id". */
  from: string;
  /** What is not here, "Type/id". */
  to: string;
}

/** Findings of one invariant that are listed; further ones are counted. */
const MAX_TOLD = 100;

/** Collects findings up to the bound. */
export class Findings {
  readonly told: Breach[] = [];
  readonly counts: Record<string, number> = {};
  readonly doubts: Breach[] = [];
  doubtful = 0;
  readonly dangling: Dangling[] = [];
  danglingElsewhere = 0;
  unsettled = 0;
  leftByUnmerge = 0;

  doubt(finding: Breach): void {
    this.doubtful += 1;
    if (this.doubtful <= MAX_TOLD) this.doubts.push(finding);
  }

  addDangling(reference: Dangling): void {
    this.danglingElsewhere += 1;
    if (this.danglingElsewhere <= MAX_TOLD) this.dangling.push(reference);
  }

  add(finding: Breach): void {
    const count = (this.counts[finding.invariant] ?? 0) + 1;
    this.counts[finding.invariant] = count;
    if (count <= MAX_TOLD) this.told.push(finding);
  }
}
