/** Proposes repairs, asks, and writes: resources by FHIR, so that every rule applies, each bound to the version that was checked. */
import type { Breach } from "../findings.ts";
import type { OwnerSource } from "../owner-stores.ts";
import { type CounterRepair, type Proposal, proposalFor, type ResourceRepair } from "./proposals.ts";

/** How to ask, report and write. */
export interface RepairManner {
  /** Asks whether to do it; absent: repairs are only proposed. */
  ask?: ((question: string) => Promise<boolean>) | undefined;
  tell(line: string): void;
  /** Writes the new version of a resource. @returns the reason if it is refused; undefined: it is written */
  put(repair: ResourceRepair): Promise<string | undefined>;
}

/** The outcome for the findings. */
export interface Repaired {
  done: number;
  /** Refused by a rule, or because the resource has changed meanwhile. */
  refused: number;
  declined: number;
  /** Findings that people must decide. */
  undecided: number;
}

/** @param sources all owners: read, and written for counters, which are no resources */
export async function repair(findings: Breach[], sources: OwnerSource[], manner: RepairManner): Promise<Repaired> {
  const { ask, tell } = manner;
  const repaired: Repaired = { done: 0, refused: 0, declined: 0, undecided: 0 };
  const mended = new Set<string>();
  for (const finding of findings) {
    // Other findings about a resource that was just repaired have to be checked anew.
    if (finding.about && "resource" in finding.about && mended.has(finding.about.resource)) continue;
    tell(`${finding.invariant}: ${finding.detail}`);
    const proposal = await proposalFor(finding, sources);
    if ("decide" in proposal) {
      tell(`  to decide: ${proposal.decide}`);
      repaired.undecided += 1;
      continue;
    }
    tell(`  proposed repair: ${proposal.does}`);
    if (!ask || !(await ask("  Do it?"))) {
      repaired.declined += 1;
      continue;
    }
    const why = await carriedOut(proposal, manner);
    tell(why === undefined ? "  done" : `  refused: ${why}`);
    repaired[why === undefined ? "done" : "refused"] += 1;
    if (why === undefined && "reference" in proposal) mended.add(proposal.reference);
  }
  return repaired;
}

const carriedOut = (proposal: Exclude<Proposal, { decide: string }>, { put }: RepairManner): Promise<string | undefined> =>
  "counter" in proposal ? recounted(proposal) : put(proposal);

/** Sets a counter, and the part that changes with it; refused if it has changed meanwhile. */
async function recounted({ source, counter, from, to, part }: CounterRepair): Promise<string | undefined> {
  try {
    await source.store.write([{ op: "add", counter, by: to - from, ifValue: from }, ...(part ? [{ op: "add" as const, ...part }] : [])]);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
