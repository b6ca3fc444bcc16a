/**
 * Reads what a write must know of the versions that it replaces: labels that an update keeps, and what rules compare. They are read once, and
 * the write is bound to the versions that were read.
 */
import { mayHaveLabels, withLabelsOf } from "../../fhir/labels.ts";
import { parseInput, parseJson } from "../../fhir/json.ts";
import type { Resource } from "../../fhir/resource.ts";
import { NONE_LIVING } from "../../fhir/preconditions.ts";
import { isType, locked } from "../../federation/errors.ts";
import { type OwnerStep, writesResource } from "../../federation/owner-contract.ts";
import { retryOnConflict, WriteConflict } from "../../federation/retry-on-conflict.ts";
import type { Store, StoredResource } from "../../store/store.ts";

/** The steps of a write, bound to the versions that were read. */
export interface BoundSteps {
  steps: OwnerStep[];
  /** By step: the current version before the write; undefined where there is none, or it is not needed. */
  before: ((StoredResource & { json: string }) | undefined)[];
  /** By step, for a resource that is created again under its old id: the version before it was deleted. */
  deleted?: (string | undefined)[];
  /** Indexes of steps whose version the client has not named, or not as the only one. */
  guarded: ReadonlySet<number>;
}

type Updating = Extract<OwnerStep, { op: "update" }>;
type Creating = Extract<OwnerStep, { op: "create" }>;
type Conditional = Creating & { ifNoneExist: NonNullable<Creating["ifNoneExist"]> };
type Changing = Updating | Extract<OwnerStep, { op: "delete" }>;

const keepsLabels = (step: OwnerStep): boolean => step.op === "update" && step.keepsLabels === true;

/**
 * @param hasRules whether rules of the type compare with the previous version
 * @throws FhirError 400, 413 for invalid JSON
 */
export async function boundSteps(steps: OwnerStep[], store: Store, hasRules: (type: string) => boolean): Promise<BoundSteps> {
  const isRead = (step: OwnerStep): step is Changing =>
    keepsLabels(step) || ((step.op === "update" || step.op === "delete") && hasRules(step.type));
  const isConditional = (step: OwnerStep): step is Conditional =>
    step.op === "create" && step.ifNoneExist !== undefined && hasRules(step.type);
  if (!steps.some((step) => isRead(step) || isConditional(step))) return { steps, before: [], guarded: new Set() };
  const guarded = new Set<number>();
  const before: BoundSteps["before"] = [];
  const deleted: NonNullable<BoundSteps["deleted"]> = [];
  const bound = await Promise.all(
    steps.map(async (step, index): Promise<OwnerStep> => {
      if (isConditional(step)) return decided(step, steps, store);
      if (!isRead(step)) return step;
      const stored = await store.read(step.type, step.id);
      const json = stored?.json;
      if (stored && json !== undefined) before[index] = { ...stored, json };
      else if (stored && step.op === "update") deleted[index] = (await store.readVersion(step.type, step.id, stored.version - 1))?.json;
      const plain = step.op === "update" ? withKeptLabels(step, json) : step;
      const read = json === undefined ? NONE_LIVING : (stored?.version ?? NONE_LIVING);
      // If the client names several versions, the step is bound to the one that was read; if that changes, it is read again.
      if (step.ifVersion && (step.ifVersion.length === 1 || !step.ifVersion.includes(read))) return plain;
      guarded.add(index);
      return { ...plain, ifVersion: [read] };
    }),
  );
  return { steps: bound, before, deleted, guarded };
}

/** Decides a conditional create: if a match exists, rules are not applied to what is not created, and it has no effects. */
async function decided(step: Conditional, steps: OwnerStep[], store: Store): Promise<OwnerStep> {
  const { type, id, ifNoneExist: condition } = step;
  const changed = steps.filter((other): other is Changing => (other.op === "update" || other.op === "delete") && other.type === type);
  const { rows } = await store.search({ type, clauses: condition.clauses, sort: [], limit: changed.length + 1, want: "ids" });
  const others = new Map(changed.map((other) => [other.id, other.op]));
  // Resources that the same write deletes no longer exist when it comes to this step.
  const found = rows.filter((row) => others.get(row.id) !== "delete");
  if (found.length === 0) return { ...step, isDecided: true };
  // The match may have been created by an earlier try of the same write, or be changed by it: the store decides.
  if (found.some((row) => row.id === id || others.has(row.id))) return step;
  return { op: "hold", type, condition, isThere: true, isDecided: true };
}

function withKeptLabels({ keepsLabels: keeps, ...step }: Updating, json: string | undefined): Updating {
  return keeps && json !== undefined && mayHaveLabels(json) ? { ...step, text: withLabels(json, step.text) } : step;
}

function withLabels(before: string, text: string): string {
  const update = parseInput(text);
  if (update === null || typeof update !== "object" || Array.isArray(update)) return text;
  const labelled = withLabelsOf(parseJson(before) as Resource, update as Resource);
  return labelled === update ? text : JSON.stringify(labelled);
}

/**
 * Writes the steps. Repeats this when what was read has changed meanwhile and the client has named no version, or when facts that rules
 * relied on have changed.
 * @throws 409 LOCKED after ten seconds of write conflicts
 */
export function writeBound<Result>(
  steps: OwnerStep[],
  bind: () => Promise<BoundSteps>,
  write: (bound: BoundSteps) => Promise<Result>,
): Promise<Result> {
  const about = () => steps.flatMap((step) => (writesResource(step) ? [`before ${step.type}/${step.id}`] : []));
  return retryOnConflict(
    about,
    async () => {
      const bound = await bind();
      try {
        return await write(bound);
      } catch (error) {
        throw isOutdated(error, bound.guarded) ? new WriteConflict() : error;
      }
    },
    () => locked({}),
  );
}

function isOutdated(error: unknown, guarded: ReadonlySet<number>): boolean {
  if (isType(error, "FACTS_OUTDATED")) return true;
  const { step } = (error as { data?: { step?: number } }).data ?? {};
  return isType(error, "STALE_VERSION") && step !== undefined && guarded.has(step);
}
