/**
 * FHIR behaviour for a service, in one line: `mixins: [Fhir({ owns: ["Patient"] })]`.
 *
 * The service then keeps these types in a store of its own, answers the actions of `federation/owner-contract.ts`, and publishes in its
 * metadata what it owns, from which the gateway learns to route. Rules over several records ("one open stay per bed")
 * are given as unique keys, so that the store keeps them, whoever writes.
 */
import type { Context, Service, ServiceSchema } from "moleculer";
import { frameOf } from "../../fhir/frame.ts";
import { budgetOf, type EvaluationBudget } from "../../fhir/expressions/budget.ts";
import { MAX_PARTS_OF_RESOURCE, parseInput, parseJson } from "../../fhir/json.ts";
import { FhirError, type Issue } from "../../fhir/outcome.ts";
import type { ResourceOf, ResourceType } from "../../fhir/r4.ts";
import type { Resource } from "../../fhir/resource.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { MAX_INDEX_ROWS } from "../../fhir/search/index-row-builder.ts";
import { indexVersion } from "../../fhir/search/parameters.ts";
import { textContentOf } from "../../fhir/search/text-content.ts";
import { profilesClaimedBy, validate, validateWithProfiles } from "../../fhir/validate/index.ts";
import type { Profile } from "../../fhir/validate/profiles/tree.ts";
import { defineMixin } from "../../mesh/contract.ts";
import { Store } from "../store.ts";
import { jsonOf } from "../../store/plan-write.ts";
import type { Store as StoreOf, UniqueKey, Write, WriteResult } from "../../store/store.ts";
import type { OwnerStep, Ownership, StepResult } from "../../federation/owner-contract.ts";
import { invalidResource, type IssueOfStep } from "../../federation/errors.ts";
import { type WithDirectory, WithFhirDirectory } from "../../federation/directory.ts";
import { Profiles, PROFILES_CHANGED } from "../../federation/profiles.ts";
import { type OwnFhir, ownFhir } from "./own-fhir.ts";
import { guarded, readingActions } from "./read-actions.ts";
import { type InDoubt, settleInDoubt } from "./recovery.ts";

/** What the mixin is told. */
export interface FhirOptions {
  /** The types, or parts of shared types, that this service owns. */
  owns: (string | Ownership)[];
  /** Keys that no two living resources may share, per type; see `UniqueKey`. Pure: called at each write. */
  unique?: { [Type in ResourceType]?: (resource: ResourceOf<Type>) => UniqueKey[] };
}

/** Values to be found by that one write may bring: a store writes some 200,000 a second, and does nothing else meanwhile. */
const MAX_ROWS_AT_ONCE = 150_000;
/** The resources of a long transaction are checked in turns with the work of others. */
const MAX_AT_ONCE_MS = 50; // milliseconds

const tooManyRows = (): Issue => ({
  severity: "error",
  code: "too-costly",
  diagnostics: `The resources up to this one have more than ${MAX_ROWS_AT_ONCE} values to be found by: send them in several bundles.`,
});

/** What `work` returns; undefined when the resource is too costly, which is noted: what is no JSON at all has another status. */
function orNote<Result>(work: () => Result, note: (issues: Issue[]) => void): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FhirError) || !error.issues.every(({ code }) => code === "too-costly")) throw error;
    note(error.issues);
    return undefined;
  }
}

/** What a service gains: `this.fhir` to read and write its own types in one atomic step. */
export interface WithFhir {
  store: StoreOf;
  fhir: OwnFhir;
}

type Gains = WithFhir &
  WithDirectory & {
    settling: InDoubt;
    handled: number;
    profiles: Profiles;
  };

/** The mixin; see the head of this file. */
export function Fhir(options: FhirOptions): Partial<ServiceSchema> {
  const unique = (options.unique ?? {}) as Record<string, ((resource: Resource) => UniqueKey[]) | undefined>;
  const owns = options.owns
    .map((own): Ownership => (typeof own === "string" ? { type: own } : own))
    .map((own) => (unique[own.type] ? { ...own, holdsKeys: true } : own));

  type This = Service & Gains;

  /** Parses, checks and indexes the steps: the part of a write that needs no database. */
  async function compile({ profiles }: This, steps: OwnerStep[], requestId?: string | null): Promise<Write[]> {
    const faults: IssueOfStep[] = [];
    const note = (issues: Issue[], step: number): void => {
      for (const issue of issues) faults.push({ ...issue, step });
    };
    const resources = steps.map((step, index) =>
      step.op === "create" || step.op === "update"
        ? orNote(
            () => parseInput(step.text, MAX_PARTS_OF_RESOURCE) as Resource,
            (issues) => note(issues, index),
          )
        : undefined,
    );
    const claimed = resources.map(profilesClaimedBy);
    // Few resources name a profile: the others need not wait for an answer.
    const some = claimed.flat();
    const found = some.length > 0 ? await profiles.of(some) : undefined;
    const check = found && profileChecks(found, budgetOf(requestId));
    const writes: Write[] = [];
    let rows = 0;
    let since = performance.now();
    for (const [index, step] of steps.entries()) {
      if (step.op !== "create" && step.op !== "update") {
        writes.push(step);
        continue;
      }
      const { text: _, ...rest } = step;
      const resource = resources[index];
      if (resource === undefined) continue; // it has its fault already
      if (performance.now() - since > MAX_AT_ONCE_MS) {
        await new Promise(setImmediate);
        since = performance.now();
      }
      const named = claimed[index] as string[];
      const all = check && named.length > 0 ? await check(resource, step.type, named) : validate(resource, { type: step.type });
      const issues = all.filter(({ severity }) => severity !== "warning" && severity !== "information");
      note(issues, index);
      if (faults.length > 0) continue;
      const values = orNote(
        () => indexOf(resource, MAX_INDEX_ROWS),
        (found) => note(found, index),
      );
      if (!values) continue;
      rows += values.keys.length + values.ranges.length;
      if (rows > MAX_ROWS_AT_ONCE) note([tooManyRows()], index);
      else writes.push({ ...rest, body: frameOf(resource), index: values, unique: unique[step.type]?.(resource) });
    }
    const [first] = faults;
    if (first) throw invalidResource(faults, first.step);
    return writes;
  }

  const own = defineMixin<Gains>({
    metadata: { fhir: { owns } },

    hooks: {
      before: {
        "*": function count(this: This) {
          this.handled += 1;
        },
      },
    },

    actions: {
      ...readingActions,
      "fhir.write": {
        handler(this: This, ctx: Context<{ steps: OwnerStep[]; representation?: boolean }>) {
          const { steps, representation } = ctx.params;
          return guarded(this, async () => {
            const results = await this.store.write(await compile(this, steps, ctx.requestID));
            if (definesProfile(steps)) this.broker.broadcast(PROFILES_CHANGED);
            return results.map(resultOf(representation));
          });
        },
      },
      "fhir.prepare": {
        handler(this: This, ctx: Context<{ tx: string; steps: OwnerStep[]; representation?: boolean }>) {
          const { tx, steps, representation } = ctx.params;
          return guarded(this, async () => {
            const writes = await compile(this, steps, ctx.requestID);
            const results = await this.store.prepare(tx, writes);
            return results.map((result, index) =>
              resultOf(representation)(representation ? { ...result, ...preview(writes[index], result) } : result),
            );
          });
        },
      },
      "fhir.commit": {
        retryPolicy: { enabled: true }, // idempotent
        handler(this: This, ctx: Context<{ tx: string; at: number }>) {
          return guarded(this, async () => {
            const { tx, at } = ctx.params;
            const types = await this.store.commit(tx, at);
            if (types.includes(PROFILE)) this.broker.broadcast(PROFILES_CHANGED);
            return null;
          });
        },
      },
      "fhir.abort": {
        retryPolicy: { enabled: true }, // idempotent
        handler(this: This, ctx: Context<{ tx: string }>) {
          return guarded(this, async () => {
            await this.store.abort(ctx.params.tx);
            return null;
          });
        },
      },
    },

    events: {
      [PROFILES_CHANGED](this: This) {
        this.profiles.clear();
      },
    },

    created(this: This) {
      this.handled = 0;
      this.profiles = new Profiles(() => ({ caller: this.broker, directory: this.directory }));
      this.fhir = ownFhir(this, (steps) =>
        guarded(this, async () => (await this.store.write(await compile(this, steps))).map(resultOf(true))),
      );
    },

    async started(this: This) {
      this.settling = settleInDoubt(this);
    },

    async stopped(this: This) {
      await this.settling?.stop();
    },
  });

  // The store opens before `started` above and closes after `stopped`: Moleculer runs mixins' hooks from the inside out.
  return {
    ...own,
    mixins: [
      WithFhirDirectory(),
      Store({ indexVersion, reindex: (json) => indexOf(parseJson(json) as Resource), text: (json) => textContentOf(JSON.parse(json)) }),
    ],
  };
}

const PROFILE = "StructureDefinition";
const definesProfile = (steps: OwnerStep[]): boolean => steps.some((step) => step.op !== "add" && step.type === PROFILE);

/** Checks a resource with those profiles that it names. */
function profileChecks({ profiles, stored }: { profiles: Profile[]; stored: Profile[] }, budget: EvaluationBudget) {
  const byAddress = new Map(profiles.map((profile) => [profile.url, profile]));
  return (resource: Resource, type: string, named: string[]): Promise<Issue[]> => {
    const own = new Set(named.flatMap((address) => byAddress.get(address.split("|", 1)[0]) ?? []));
    return validateWithProfiles(resource, { type, profiles: [...own], stored, budget });
  };
}

/** The text that commit will store, but for its time. */
function preview(write: Write | undefined, { outcome, version }: WriteResult): { json?: string } {
  const isWritten = (outcome === "created" || outcome === "updated") && (write?.op === "create" || write?.op === "update");
  return isWritten ? { json: jsonOf(write.type, write.id, version, 0, write.body) } : {};
}

const resultOf =
  (representation = false) =>
  ({ outcome, id = "", version, updated, json, value }: WriteResult): StepResult => ({
    outcome,
    id,
    version,
    updated,
    ...(representation && json !== undefined && { json }),
    ...(value !== undefined && { value }),
  });
