/**
 * Writes that may arrive twice: the caller lost its node or its connection and repeats the write, without knowing whether the first attempt
 * was carried out. Each version keeps the key of the write that made it. A write whose key is found returns the first attempt's results and
 * changes nothing.
 */
import { counted } from "./counted.ts";
import { type CommittedState, isResourceStep, type VersionHead } from "./plan-write.ts";
import type { Write, WriteKey, WriteResult } from "./writes.ts";

/** A version that the write has made. */
export interface MadeVersion extends Pick<VersionHead, "version" | "updated" | "method"> {
  json?: string;
}

/** Whether to look for a first attempt: the write says that it is repeated, or a current version has its key (the attempts came in reverse order). */
export const mayBeRepeated = (steps: Write[], { id: key, isRepeated }: WriteKey, { head }: CommittedState): boolean =>
  isRepeated || steps.some((step) => isResourceStep(step) && head(step.type, step.id)?.write === key);

/**
 * The results of the first attempt of this write; undefined if there was none.
 * @param made finds the version of a resource that has the write's key
 */
export function resultsOfRepeated(
  steps: Write[],
  made: (type: string, id: string) => MadeVersion | undefined,
  state: CommittedState,
): WriteResult[] | undefined {
  const versions = steps.map((step) => (isResourceStep(step) ? made(step.type, step.id) : undefined));
  if (!versions.some((version) => version !== undefined)) return undefined;
  return steps.map((step, index): WriteResult => {
    const version = versions[index];
    if (version && isResourceStep(step)) {
      const outcome = version.method === "delete" || version.method === "moved" ? "deleted" : version.version === 1 ? "created" : "updated";
      const { updated, json } = version;
      return { type: step.type, id: step.id, version: version.version, updated, outcome, ...(json !== undefined && { json }) };
    }
    if (step.op === "add") return { version: 0, updated: 0, outcome: "added", value: counted(state.counter(step.counter)) };
    const condition = step.op === "create" ? step.ifNoneExist : step.op === "hold" ? step.condition : undefined;
    const type = step.op === "create" || step.op === "hold" ? step.type : "";
    const [found] = condition ? state.find(type, condition, 1) : [];
    if (found) return { type, ...found, outcome: "existed" };
    return { version: 0, updated: 0, outcome: "none" };
  });
}
