/** The steps of a write as changes to which rules are applied, and as the state after the write. */
import { parseJson } from "../../../fhir/json.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { type MadeElsewhere, type OwnerStep, writesResource } from "../../../federation/owner-contract.ts";
import type { SteppedChange } from "./evaluate.ts";
import type { Pending } from "./gather.ts";
import type { Change } from "./rule.ts";

/** The parts of a write, by step. */
export interface WriteParts {
  steps: OwnerStep[];
  /** The resource that a step brings. */
  resources: (Resource | undefined)[];
  /** The stored version that it replaces. */
  before: ({ json: string } | undefined)[];
  /** The version before a deletion, for a resource that is created again. */
  deleted?: (string | undefined)[];
}

/**
 * The changes of types that have rules.
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
    if (replaced === undefined && becomes === undefined) return []; // an id that is only held, or the deletion of nothing
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

/** Resources as the write leaves them, with those of the transaction that it is part of. */
export function pendingOf({ steps, resources }: WriteParts, elsewhere: MadeElsewhere = {}): Pending {
  const pending = new Map<string, Resource | null>();
  for (const reference in elsewhere) pending.set(reference, elsewhere[reference] as Resource | null);
  for (const [index, step] of steps.entries()) {
    if (!writesResource(step)) continue;
    const reference = `${step.type}/${step.id}`;
    if (step.op === "delete") {
      // A resource that moves to another owner still exists; that owner reports its new state.
      if (!step.moved) pending.set(reference, null);
      continue;
    }
    // A conditional create may create nothing: other steps then refer to the existing resource.
    const resource = resources[index];
    if (resource) pending.set(reference, resource);
  }
  return pending;
}

/** The versions that a write replaces, by `Type/id`. */
export const replacedIn = (changes: SteppedChange[]): ReadonlyMap<string, Resource> =>
  new Map(changes.flatMap(({ change: { reference, before } }) => (before ? [[reference, before as unknown as Resource]] : [])));
