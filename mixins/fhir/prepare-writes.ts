/** From the steps of a write as they come to an owner to those of its store: parsed, checked, indexed. Needs no database. */
import { type EvaluationBudget, budgetOf } from "../../fhir/expressions/budget.ts";
import { frameOf } from "../../fhir/frame.ts";
import { MAX_PARTS_OF_RESOURCE, parseInput } from "../../fhir/json.ts";
import { FhirError, type Issue } from "../../fhir/outcome.ts";
import type { Resource } from "../../fhir/resource.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { MAX_INDEX_ROWS } from "../../fhir/search/index-row-builder.ts";
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

/** Values to be found by that one write may bring: a store writes some 200,000 a second, and does nothing else meanwhile. */
const MAX_ROWS_AT_ONCE = 150_000;
/**
 * Characters of resources that are checked in one go; what is larger waits for its turn. Small writes do not: those that come together share a
 * commit, and let go one by one each would have its own.
 */
const MAX_CHARACTERS_AT_ONCE = 20_000;

/** What a write is checked with. */
export interface WriteChecks {
  /** Stored profiles, for the resources that name one. */
  profiles: Profiles;
  /** Keys that no two living resources may share, by type. */
  unique: AnyKeys;
  /** Under what name the evaluation of profiles is counted: its request's (`workOf`). */
  work: string | null | undefined;
  /** Fills in and checks who a resource says has written it; absent where nobody is asked. */
  ownAuthor?: ((resource: Resource, step: ResourceStep, index: number) => Promise<void>) | undefined;
}

type ResourceStep = Extract<OwnerStep, { op: "create" | "update" }>;

const bearsResource = (step: OwnerStep): step is ResourceStep => step.op === "create" || step.op === "update";

/** The steps of a write as its store takes them, and the resources that they bring, by step. */
export interface PreparedSteps {
  writes: Write[];
  resources: (Resource | undefined)[];
}

/** Nothing is stored under the id of what the system makes by itself. @throws 422 RESERVED_ID */
export function refuseReserved(steps: OwnerStep[]): void {
  for (const [index, step] of steps.entries()) {
    if (writesResource(step) && step.type === PROVENANCE && isVersionProvenance(step.id)) throw reservedId(step.id, index);
  }
}

/**
 * All steps of one write.
 * @throws 400 WRONG_RESOURCE_TYPE; 422 RESERVED_ID; 422 FORGED_AUTHOR; 422 INVALID_RESOURCE with every fault of every step; FhirError 400 for what is no JSON
 */
export async function prepareWrites(steps: OwnerStep[], { profiles, unique, work, ownAuthor }: WriteChecks): Promise<PreparedSteps> {
  refuseReserved(steps);
  const all = steps.reduce((sum, step) => sum + (bearsResource(step) ? step.text.length : 0), 0);
  if (all > MAX_CHARACTERS_AT_ONCE) await fairTurn(); // before they are read
  const faults = new Faults();
  const resources = steps.map((step, index) => (bearsResource(step) ? faults.unless(index, () => parsedOf(step, index)) : undefined));
  if (ownAuthor) {
    for (const [index, step] of steps.entries()) {
      const resource = resources[index];
      if (resource && bearsResource(step)) await ownAuthor(resource, step, index);
    }
  }
  const claimed = resources.map(profilesClaimedBy);
  // Few resources name a profile: the others need not wait for an answer.
  const named = claimed.flat();
  const found = named.length > 0 ? await profiles.of(named) : undefined;
  const check = found && profileChecks(found, budgetOf(work));
  const writes: Write[] = [];
  let [rows, characters] = [0, 0]; // characters since the last turn
  for (const [index, step] of steps.entries()) {
    if (!bearsResource(step)) {
      writes.push(withoutRuleTexts(step));
      continue;
    }
    const resource = resources[index];
    if (resource === undefined) continue; // it has its fault already
    characters += step.text.length;
    if (characters > MAX_CHARACTERS_AT_ONCE) {
      await fairTurn();
      characters = 0;
    }
    const own = claimed[index] as string[];
    faults.note(index, check && own.length > 0 ? await check(resource, step.type, own) : validate(resource, { type: step.type }));
    if (faults.areThere) continue;
    const values = faults.unless(index, () => indexOf(resource, MAX_INDEX_ROWS));
    if (!values) continue;
    rows += values.keys.length + values.ranges.length;
    if (rows > MAX_ROWS_AT_ONCE) faults.note(index, [tooManyRows()]);
    const { text: _, ...rest } = withoutRuleTexts(step);
    const keys = unique[step.type];
    const held = areByFacts(keys) ? [] : keys?.(resource); // those that depend on facts come when these are known
    writes.push({ ...rest, body: frameOf(resource), index: values, ...(held ? { unique: held } : { isKeyless: true }) });
  }
  faults.throwAll();
  return { writes, resources };
}

/** What only the rules want to know is not stored. */
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

/** The faults of a write, each with its step. */
class Faults {
  readonly #all: IssueOfStep[] = [];

  get areThere(): boolean {
    return this.#all.length > 0;
  }

  /** Warnings refuse nothing. */
  note(step: number, issues: Issue[]): void {
    for (const issue of issues) if (issue.severity === "error" || issue.severity === "fatal") this.#all.push({ ...issue, step });
  }

  /** What `work` returns; undefined when the resource is too costly, which is noted. */
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

function parsedOf(step: ResourceStep, index: number): Resource {
  return resourceOfType(parseInput(step.text, MAX_PARTS_OF_RESOURCE), step.type, index);
}

/** Checks a resource with those profiles that it names. */
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
  diagnostics: `The resources up to this one have more than ${MAX_ROWS_AT_ONCE} values to be found by: send them in several bundles.`,
});
