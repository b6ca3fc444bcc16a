/** The results of a transaction's entries, from the plan and the owners' results. */
import type { Caller } from "../../mesh/caller.ts";
import { mapConcurrent } from "../../mesh/map-concurrent.ts";
import type { StepResult } from "../../federation/owner-contract.ts";
import type { Directory } from "../../federation/directory.ts";
import { readResource } from "../../federation/read.ts";
import type { EntryAnswer } from "./plan.ts";
import type { EntryResult } from "./transactions.contract.ts";

/** @param written results of the steps, by place */
export function resultsOf(answers: EntryAnswer[], written: StepResult[]): (EntryResult | null)[] {
  return answers.map((answer) => {
    if (answer.kind === "read") return null;
    if (answer.kind === "nothing") return { status: 204, type: answer.type, id: "", version: 0, updated: 0 };
    if (answer.kind === "found") return { status: 200, type: answer.type, ...pick(answer.match) };
    const { id, version, updated, outcome, json } = written[answer.place] as StepResult;
    const status = outcome === "created" && !answer.isMove ? 201 : outcome === "deleted" || outcome === "none" ? 204 : 200;
    return { status, type: answer.type, id: id || answer.id, version, updated, ...(json !== undefined && { json }) };
  });
}

const pick = ({ id, version, updated }: { id: string; version: number; updated: number }) => ({ id, version, updated });

/** Whether the resource has to be read: that of an entry which found one; a written one comes with the result, if the caller may read it. */
export const isToBeRead = (answer: EntryAnswer | undefined): boolean => answer?.kind === "found" && answer.match.owner !== undefined;

/**
 * Adds the resources that are wanted and have to be read: matches of conditions, and results of an earlier attempt. They may have changed since, or
 * moved to another owner. Of a resource that was deleted since, or that the caller may not read, only the address is returned, since everything is
 * committed by now.
 * @param isRead by the entry's index
 */
export async function withResources(
  results: (EntryResult | null)[],
  { caller, directory, representation }: { caller: Caller; directory: Directory; representation: boolean },
  isRead: (index: number) => boolean,
): Promise<(EntryResult | null)[]> {
  if (!representation) return results;
  return mapConcurrent(results, async (result, index) => {
    if (!result || result.status === 204 || result.json !== undefined || !isRead(index)) return result;
    const { type, id } = result;
    const stored = await readResource({ caller, directory }, type, id).catch(unlessRefused);
    return stored ? { ...result, version: stored.version, updated: stored.updated, json: stored.json } : result;
  });
}

function unlessRefused(error: unknown): undefined {
  const { code } = error as { code?: unknown };
  if (typeof code !== "number" || code >= 500) throw error;
}
