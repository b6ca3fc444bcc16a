/** An update keeps tags and security labels that its sender has left out: they are read, and the write is bound to what was read. */
import { mayHaveLabels, withLabelsOf } from "../../fhir/labels.ts";
import { parseInput, parseJson } from "../../fhir/json.ts";
import type { Resource } from "../../fhir/resource.ts";
import { NONE_LIVING } from "../../fhir/preconditions.ts";
import { isType, locked } from "../../federation/errors.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import { retryOnConflict, WriteConflict } from "../../federation/retry-on-conflict.ts";
import type { Store } from "../../store/store.ts";

/** Steps that keep labels, as steps that do not, and those of them whose version the client has not named. */
export interface LabelledSteps {
  steps: OwnerStep[];
  guarded: ReadonlySet<number>;
}

const keepsLabels = (step: OwnerStep): step is Extract<OwnerStep, { op: "update" }> => step.op === "update" && step.keepsLabels === true;

/** @throws FhirError 400, 413 for a resource that is no JSON */
export async function stepsWithLabels(steps: OwnerStep[], store: Store): Promise<LabelledSteps> {
  if (!steps.some(keepsLabels)) return { steps, guarded: new Set() };
  const guarded = new Set<number>();
  const kept = await Promise.all(
    steps.map(async (step, index): Promise<OwnerStep> => {
      if (!keepsLabels(step)) return step;
      const { keepsLabels: _, ...plain } = step;
      const stored = await store.read(step.type, step.id);
      const json = stored?.json;
      const text = json !== undefined && mayHaveLabels(json) ? withLabels(json, step.text) : step.text;
      if (step.ifVersion) return { ...plain, text };
      guarded.add(index);
      return { ...plain, text, ifVersion: [json === undefined ? NONE_LIVING : (stored?.version ?? NONE_LIVING)] };
    }),
  );
  return { steps: kept, guarded };
}

function withLabels(before: string, text: string): string {
  const update = parseInput(text);
  if (update === null || typeof update !== "object" || Array.isArray(update)) return text;
  const labelled = withLabelsOf(parseJson(before) as Resource, update as Resource);
  return labelled === update ? text : JSON.stringify(labelled);
}

/**
 * Writes the steps; again, when what was read of a resource has changed meanwhile, and its sender has named no version.
 * @throws 409 LOCKED when others were faster for ten seconds
 */
export function writeKeepingLabels<Result>(
  steps: OwnerStep[],
  label: (steps: OwnerStep[]) => Promise<LabelledSteps>,
  write: (steps: OwnerStep[]) => Promise<Result>,
): Promise<Result> {
  if (!steps.some(keepsLabels)) return write(steps);
  return retryOnConflict(
    () => steps.filter(keepsLabels).map(({ type, id }) => `labels of ${type}/${id}`),
    async () => {
      const { steps: labelled, guarded } = await label(steps);
      try {
        return await write(labelled);
      } catch (error) {
        const { step } = (error as { data?: { step?: number } }).data ?? {};
        throw isType(error, "STALE_VERSION") && step !== undefined && guarded.has(step) ? new WriteConflict() : error;
      }
    },
    () => locked({}),
  );
}
