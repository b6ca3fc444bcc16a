/** Turns the steps of a write, as an owner receives them, into those of its store: parsed, checked, indexed. Needs no database. */
import { type EvaluationBudget, budgetOf } from "../../fhir/expressions/budget.ts";
import { frameOf } from "../../fhir/frame.ts";
import { parseInput } from "../../fhir/json.ts";
import { sizeLimitsOf } from "../../fhir/resource-size.ts";
import { FhirError, type Issue } from "../../fhir/outcome.ts";
import type { Resource } from "../../fhir/resource.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { profilesClaimedBy, validate, validateWithProfiles } from "../../fhir/validate/index.ts";
import type { Profile } from "../../fhir/validate/profiles/tree.ts";
import { invalidResource, type IssueOfStep, reservedId, resourceOfType } from "../../federation/errors.ts";
import { type OwnerStep, writesResource } from "../../federation/owner-contract.ts";
import { fairTurn } from "../../mesh/turns.ts";
import { PROVENANCE } from "../../federation/version-authors.ts";
import { isVersionProvenance } from "../../federation/version-provenance.ts";
import type { Profiles } from "../../federation/profiles.ts";
import type { Write } from "../../store/writes.ts";
import { type AnyKeys, areByFacts } from "./rules/unique-keys.ts";

/** Index values that one write may add: a store writes some 200,000 a second and does nothing else meanwhile. */
const MAX_ROWS_AT_ONCE = 150_000;
/**
 * Characters of resources that are checked without yielding to other work. Smaller writes do not yield at all: writes that arrive together
 * share a commit, which they would not if each of them yielded.
 */
const MAX_CHARACTERS_AT_ONCE = 20_000;

/** What a write is checked with. */
export interface WriteChecks {
  /** Stored profiles, for resources that claim one. */
  profiles: Profiles;
  /** Keys that no two existing resources may share, by type. */
  unique: AnyKeys;
  /** Name under which the evaluation of profiles is counted: that of the request (`workOf`). */
  work: string | null | undefined;
  /** Fills in and checks the authors that a resource names; absent when access is open. */
  ownAuthor?: ((resource: Resource, step: ResourceStep, index: number) => Promise<void>) | undefined;
  /** Completes a resource by what is stored, before it is checked. */
  complete?: (resource: Resource, index: number) => void;
}

type ResourceStep = Extract<OwnerStep, { op: "create" | "update" }>;

const bearsResource = (step: OwnerStep): step is ResourceStep => step.op === "create" || step.op === "update";

/** The steps of a write for its store, and the parsed resources by step. */
export interface PreparedSteps {
  writes: Write[];
  resources: (Resource | undefined)[];
}

/** Clients cannot store under ids that the system reserves for resources of its own. @throws 422 RESERVED_ID */
export function refuseReserved(steps: OwnerStep[]): void {
  for (const [index, step] of steps.entries()) {
    if (writesResource(step) && step.type === PROVENANCE && isVersionProvenance(step.id)) throw reservedId(step.id, index);
  }
}

/**
 * Prepares all steps of one write.
 * @throws 400 WRONG_RESOURCE_TYPE; 422 RESERVED_ID; 422 FORGED_AUTHOR; 422 INVALID_RESOURCE with all errors of all steps; FhirError 400 for invalid JSON
 */
export async function prepareWrites(steps: OwnerStep[], checks: WriteChecks): Promise<PreparedSteps> {
  const { profiles, unique, work, ownAuthor, complete } = checks;
  refuseReserved(steps);
  const faults = new Faults();
  const resources = await parsedOfAll(steps, faults);
  if (complete) for (const [index, resource] of resources.entries()) if (resource) complete(resource, index);
  if (ownAuthor) {
    for (const [index, step] of steps.entries()) {
      const resource = resources[index];
      if (resource && bearsResource(step)) await ownAuthor(resource, step, index);
    }
  }
  const claimed = resources.map(profilesClaimedBy);
  // Few resources claim a profile: writes of the others do not wait here.
  const named = claimed.flat();
  const found = named.length > 0 ? await profiles.of(named) : undefined;
  const check = found && profileChecks(found, budgetOf(work));
  const writes: Write[] = [];
  const turns = new Turns();
  let rows = 0;
  for (const [index, step] of steps.entries()) {
    if (!bearsResource(step)) {
      writes.push(withoutRuleTexts(step));
      continue;
    }
    const resource = resources[index];
    if (resource === undefined) continue; // its error is already noted
    if (turns.isNextDue(step)) await fairTurn();
    const own = claimed[index] as string[];
    faults.note(index, check && own.length > 0 ? await check(resource, step.type, own) : validate(resource, { type: step.type }));
    if (faults.areThere) continue;
    if (step.text.length > MAX_CHARACTERS_AT_ONCE) await fairTurn();
    const values = faults.unless(index, () => indexOf(resource, sizeLimitsOf(step.type).rows));
    if (!values) continue;
    rows += values.keys.length + values.ranges.length;
    if (rows > MAX_ROWS_AT_ONCE) faults.note(index, [tooManyRows()]);
    const { text: _, ...rest } = withoutRuleTexts(step);
    const keys = unique[step.type];
    const held = areByFacts(keys) ? [] : keys?.(resource); // keys that depend on facts are added once these are known
    writes.push({ ...rest, body: frameOf(resource), index: values, ...(held ? { unique: held } : { isKeyless: true }) });
  }
  faults.throwAll();
  return { writes, resources };
}

/** Removes the texts that only the rules need. */
function withoutRuleTexts<Of extends OwnerStep>(step: Of): Of {
  if (step.op === "delete" && step.becomes !== undefined) {
    const { becomes: _, ...plain } = step;
    return plain as Of;
  }
  if (step.op === "update" && step.was !== undefined) {
    const { was: _, ...plain } = step;
    return plain as Of;
  }
  return step;
}

/** Collects the errors of a write, each with its step. */
class Faults {
  readonly #all: IssueOfStep[] = [];

  get areThere(): boolean {
    return this.#all.length > 0;
  }

  /** Adds issues; warnings are left out, as they refuse nothing. */
  note(step: number, issues: Issue[]): void {
    for (const issue of issues) if (issue.severity === "error" || issue.severity === "fatal") this.#all.push({ ...issue, step });
  }

  /** The result of `work`; undefined when the resource is too costly to evaluate, which is added as an issue. */
  unless<Result>(step: number, work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof FhirError) || !error.issues.every(({ code }) => code === "too-costly")) throw error;
      this.note(step, error.issues);
      return undefined;
    }
  }

  throwAll(): void {
    const [first] = this.#all;
    if (first) throw invalidResource(this.#all, first.step);
  }
}

/** Decides when a write yields to other work. */
class Turns {
  #characters = 0; // since the last yield

  /** Whether the work on this step needs a turn of its own. */
  isNextDue({ text }: ResourceStep): boolean {
    this.#characters += text.length;
    if (this.#characters <= MAX_CHARACTERS_AT_ONCE) return false;
    this.#characters = 0;
    return true;
  }
}

/** The resources by step; undefined for a step without one, or whose resource is too costly. */
async function parsedOfAll(steps: OwnerStep[], faults: Faults): Promise<(Resource | undefined)[]> {
  const turns = new Turns();
  const resources: (Resource | undefined)[] = [];
  for (const [index, step] of steps.entries()) {
    if (bearsResource(step) && turns.isNextDue(step)) await fairTurn();
    resources.push(bearsResource(step) ? faults.unless(index, () => parsedOf(step, index)) : undefined);
  }
  return resources;
}

function parsedOf(step: ResourceStep, index: number): Resource {
  return resourceOfType(parseInput(step.text, sizeLimitsOf(step.type).parts), step.type, index);
}

/** Checks a resource against the profiles that it claims. */
function profileChecks({ profiles, stored }: { profiles: Profile[]; stored: Profile[] }, budget: EvaluationBudget) {
  const byAddress = new Map(profiles.map((profile) => [profile.url, profile]));
  return (resource: Resource, type: string, named: string[]): Promise<Issue[]> => {
    const own = new Set(named.flatMap((address) => byAddress.get(address.split("|", 1)[0]) ?? []));
    return validateWithProfiles(resource, { type, profiles: [...own], stored, budget });
  };
}

const tooManyRows = (): Issue => ({
  severity: "error",
  code: "too-costly",
  diagnostics: `The resources up to this one have more than ${MAX_ROWS_AT_ONCE} search values: send them in several bundles.`,
});
