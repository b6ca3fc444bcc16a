/** The steps of a write as changes that rules are held against, and as what is there when it is done. */
import { parseJson } from "../../../fhir/json.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { type MadeElsewhere, type OwnerStep, writesResource } from "../../../federation/owner-contract.ts";
import type { SteppedChange } from "./evaluate.ts";
import type { Pending } from "./gather.ts";
import type { Change } from "./rule.ts";

/** What a write is made of, by step. */
export interface WriteParts {
  steps: OwnerStep[];
  /** The resource that a step brings. */
  resources: (Resource | undefined)[];
  /** The version that it replaces, as it is stored. */
  before: ({ json: string } | undefined)[];
  /** What was there before it was deleted, by step. */
  deleted?: (string | undefined)[];
}

/**
 * Of the types that have rules.
 * @param hasRules whether a type has any
 */
export function changesOf(
  { steps, resources, before, deleted }: WriteParts,
  hasRules: (type: string) => boolean,
  now: Date,
): SteppedChange[] {
  return steps.flatMap((step, index): SteppedChange[] => {
    if (!writesResource(step) || !hasRules(step.type)) return [];
    const own = before[index]?.json;
    const replaced = own ?? (step.op === "update" ? step.was : undefined);
    const becomes = step.op === "delete" ? parsed(step.becomes) : resources[index];
    if (replaced === undefined && becomes === undefined) return []; // an id that is only held, or a deletion of nothing
    const op = becomes === undefined ? "delete" : replaced === undefined ? "create" : "update";
    const change: Change = {
      op,
      reference: `${step.type}/${step.id}`,
      now,
      ...(replaced === undefined && step.op === "update" && { isNamed: true }),
      ...(replaced !== undefined && own === undefined && { arrives: true }),
      ...(replaced !== undefined && { before: parseJson(replaced) as FhirResource }),
      ...(deleted?.[index] !== undefined && { deleted: parseJson(deleted[index]) as FhirResource }),
      ...(becomes && { after: becomes as unknown as FhirResource }),
    };
    return [{ step: index, type: step.type, change }];
  });
}

const parsed = (text: string | undefined): Resource | undefined => (text === undefined ? undefined : (parseJson(text) as Resource));

/** Resources as the write leaves them, and the transaction that it is part of. */
export function pendingOf({ steps, resources }: WriteParts, elsewhere: MadeElsewhere = {}): Pending {
  const pending = new Map<string, Resource | null>(Object.entries(elsewhere));
  for (const [index, step] of steps.entries()) {
    if (!writesResource(step)) continue;
    const reference = `${step.type}/${step.id}`;
    if (step.op === "delete") {
      // What moves to another owner is there still; that owner says what it is.
      if (!step.moved) pending.set(reference, null);
      continue;
    }
    // A conditional create may make nothing: others of the write refer to what is there then.
    const resource = resources[index];
    if (resource) pending.set(reference, resource);
  }
  return pending;
}

/** The versions that a write replaces, by `Type/id`. */
export const replacedIn = (changes: SteppedChange[]): ReadonlyMap<string, Resource> =>
  new Map(changes.flatMap(({ change: { reference, before } }) => (before ? [[reference, before as unknown as Resource]] : [])));
