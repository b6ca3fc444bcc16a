/**
 * The one path of every write of an owner, whichever API it came through: bound to the versions that it replaces, parsed, checked, indexed,
 * checked against the rules, stored.
 */
import { randomUUID } from "node:crypto";
import type { Service } from "moleculer";
import type { FhirResource } from "../../fhir/r4.ts";
import type { Resource } from "../../fhir/resource.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { fromStoreError } from "../../federation/errors.ts";
import { type MadeElsewhere, type OwnerStep, writesResource } from "../../federation/owner-contract.ts";
import type { Profiles } from "../../federation/profiles.ts";
import type { Caller } from "../../mesh/caller.ts";
import { NONE_LIVING } from "../../fhir/preconditions.ts";
import type { VersionReference, Reliance, Store } from "../../store/store.ts";
import type { Write, WriteKey, WriteResult } from "../../store/writes.ts";
import { isResourceStep } from "../../store/plan-write.ts";
import { StoreError, StoreErrorType } from "../../store/store-error.ts";
import type { AuditContext } from "../../federation/audit.ts";
import type { AuditLog } from "./audit-log.ts";
import { ownAuthor, type HospitalStaff, practitionersByName, practitionersByNumber, type ResourceAuthor } from "./own-authors.ts";
import { prepareWrites, refuseReserved, type WriteChecks } from "./prepare-writes.ts";
import { type BoundSteps, boundSteps, writeBound } from "./read-before.ts";
import { changesOf, pendingOf, replacedIn } from "./rules/changes.ts";
import { derive, type DerivedSteps, type EffectOf } from "./rules/effects.ts";
import { evaluate, type SteppedChange, type Warning } from "./rules/evaluate.ts";
import { GatheredFacts, type Pending } from "./rules/gather.ts";
import { NamingRounds } from "./rules/naming-rounds.ts";
import { addKeysByFacts, type AnyKeys, areByFacts } from "./rules/unique-keys.ts";
import { FENCED_BY_TX_MS, type Fenced, fenceAndAsk, unfence } from "./rules/resting.ts";
import { keepStoredPrecision } from "./rules/stored-precision.ts";
import type { Question } from "./rules/rule.ts";
import type { Rulebook } from "./rules/rulebook.ts";

/** Identity under which an owner reads from other services the facts that its rules need (`services/identity/roles/system`). */
export const RULES_CALLER = "rules";

/** How long facts from other owners are valid. A write that reaches its store later reads them again. Milliseconds. */
const FACTS_VALID_MS = 5_000;

/** On whose behalf a write is made, and what it is part of. */
export interface WriteManner {
  caller: Caller;
  /** Name under which its evaluation cost is counted (`workOf`). */
  work: string | null | undefined;
  key?: WriteKey;
  elsewhere?: MadeElsewhere;
  /** Called before anything is stored. @throws when the caller no longer waits */
  mayBegin?(): void;
  /** Author that is stored with the versions; absent when access is open. */
  author?: string | undefined;
  /** The audit entry's context; absent for the mesh's own work. */
  trail?: AuditContext | undefined;
  /** The writer, as resources name people; absent for the mesh's own work. */
  writer?: ResourceAuthor | undefined;
  /** The transaction for which the write is prepared. */
  tx?: string;
  /** Sent to a plain FHIR server: where rules are off, it has no effects and no unique keys. */
  isAsSent?: boolean;
}

/** A step that brings a resource. */
type TextStep = Extract<OwnerStep, { op: "create" | "update" }>;

type Owner = Service & WithDirectory & { store: Store; profiles: Profiles; audit: AuditLog };

/** The constraints that a service has given to the mixin. */
interface WhatHolds {
  /** Its types. */
  owned: ReadonlySet<string>;
  unique: AnyKeys;
  rules: Rulebook;
  effects: Record<string, EffectOf<FhirResource> | undefined>;
}

/** The writes of one service. */
export class OwnerWrites {
  readonly #owner: Owner;
  readonly #naming: NamingRounds;
  readonly #unique: WhatHolds["unique"];
  /** For resources that hold no keys: they give up those of an earlier version. */
  readonly #noKeys: WhatHolds["unique"];
  readonly #rules: Rulebook;
  readonly #effects: WhatHolds["effects"];
  /** Fences by prepared transaction, oldest first. Those of a transaction that ends at another node expire by themselves. */
  readonly #fencedBy = new Map<string, Fenced & { until: number }>();

  constructor(owner: Owner, { owned, unique, rules, effects }: WhatHolds) {
    this.#owner = owner;
    this.#naming = new NamingRounds(owner, owned);
    this.#unique = unique;
    this.#noKeys = Object.fromEntries(Object.keys(unique).map((type) => [type, () => []]));
    this.#rules = rules;
    this.#effects = effects;
  }

  /** Writes all steps or none. @throws what the steps, the rules or the store refuse */
  write(steps: OwnerStep[], manner: WriteManner): Promise<WriteResult[]> {
    return this.#bound(steps, async (bound) => {
      const checked = this.#noted(bound, signed(await this.#checked(bound, manner), manner), manner);
      return this.#stored(bound, checked, manner, ({ writes, reliance }) => this.#owner.store.write(writes, manner.key, reliance));
    });
  }

  /** Stores all steps without making them visible. */
  prepare(tx: string, steps: OwnerStep[], manner: WriteManner): Promise<{ results: WriteResult[]; writes: Write[] }> {
    return this.#bound(steps, async (bound) => {
      const checked = this.#noted(bound, signed(await this.#checked(bound, { ...manner, tx }), manner), manner);
      const results = await this.#stored(bound, checked, manner, ({ writes, reliance }) => this.#owner.store.prepare(tx, writes, reliance));
      if (checked.fenced.places.length > 0) this.#noteFenced(tx, checked.fenced);
      return { results, writes: checked.writes };
    });
  }

  #noteFenced(tx: string, fenced: Fenced): void {
    const now = performance.now();
    for (const [old, { until }] of this.#fencedBy) {
      if (until >= now) break;
      this.#fencedBy.delete(old);
    }
    this.#fencedBy.set(tx, { ...fenced, until: now + FENCED_BY_TX_MS });
  }

  /** Called when a prepared transaction has ended. What an aborted one has not deleted may be referred to again. */
  async ended(tx: string, { isAborted, caller }: { isAborted: boolean; caller: Caller }): Promise<void> {
    const fenced = this.#fencedBy.get(tx);
    this.#fencedBy.delete(tx);
    if (isAborted && fenced) await unfence({ caller, directory: this.#owner.directory }, fenced);
  }

  /** Results of the steps that were sent, without those of derived steps, which concern only this service. */
  #stored(
    { steps }: BoundSteps,
    checked: Checked,
    manner: WriteManner,
    store: (checked: Checked) => Promise<WriteResult[]>,
  ): Promise<WriteResult[]> {
    return this.#whileFenced(checked.fenced, manner, async () => {
      manner.mayBegin?.();
      try {
        return (await store(checked)).slice(0, steps.length);
      } catch (error) {
        throw checked.derived?.meaningOf(error, steps.length) ?? error;
      }
    });
  }

  /** Removes the fences if `work` fails: what was not deleted may be referred to again. */
  #whileFenced<Result>(fenced: Fenced, { caller }: WriteManner, work: () => Promise<Result>): Promise<Result> {
    if (fenced.places.length === 0) return work();
    const { directory } = this.#owner;
    return work().catch(async (error: unknown) => {
      await unfence({ caller, directory }, fenced);
      throw error;
    });
  }

  /** For types without rules and without labels to keep, previous versions need not be read. */
  #bound<Result>(steps: OwnerStep[], write: (bound: BoundSteps) => Promise<Result>): Promise<Result> {
    refuseReserved(steps); // first, as reserved ids are never stored
    const { store, name } = this.#owner;
    const hasRules = this.#hasRules;
    const isPlain = !steps.some((step) => writesResource(step) && (hasRules(step.type) || keepsLabels(step)));
    if (isPlain) return write({ steps, before: [], guarded: new Set() });
    return writeBound(
      steps,
      () => boundSteps(steps, store, hasRules),
      (bound) => write(bound).catch((error: unknown) => Promise.reject(fromStoreError(error, name))),
    );
  }

  readonly #hasRules = (type: string): boolean =>
    this.#rules.of(type).length > 0 || this.#effects[type] !== undefined || areByFacts(this.#unique[type]);

  async #checked({ steps, before, deleted }: BoundSteps, manner: WriteManner): Promise<Checked> {
    const { profiles } = this.#owner;
    // A repeated write may find its own version, made by the first try: the store can tell.
    if (!manner.key?.isRepeated) refuseOutdated({ steps, before }, this.#hasRules);
    const isPlain = this.#rules.areOff && manner.isAsSent === true;
    const unique = isPlain ? this.#noKeys : this.#unique;
    const { writes, resources } = await prepareWrites(steps, {
      profiles,
      unique,
      work: manner.work,
      ownAuthor: this.#ownAuthor(manner),
      complete: (resource, index) => keepStoredPrecision(this.#rules, resource, before[index]?.json),
    });
    const changes = changesOf({ steps, resources, before, ...(deleted && { deleted }) }, this.#hasRules, new Date());
    const fenced: Fenced = { places: this.#isolatedIn(changes, before), token: randomUUID() };
    if (changes.length === 0) return { writes, fenced };
    const { directory, store } = this.#owner;
    const { caller } = manner;
    const asked = performance.now();
    const pending = pendingOf({ steps, resources, before }, manner.elsewhere);
    const facts = this.#facts(caller, pending, replacedIn(changes));
    return this.#whileFenced(fenced, manner, async () => {
      if (fenced.places.length > 0) facts.noteResting(await fenceAndAsk({ caller, directory }, fenced, manner.tx));
      for (const warning of await evaluate(this.#rules, changes, facts)) this.#tell(warning);
      const derived = isPlain ? undefined : await derive(this.#effects, changes, { facts, store, rules: this.#rules });
      if (derived) await this.#addDerived(writes, { steps, derived, work: manner.work });
      await addKeysByFacts(writes, { unique, changes, facts, rules: this.#rules });
      const on = facts.relied;
      return { writes, fenced, ...(derived && { derived }), ...(on.length > 0 && { reliance: { on, until: asked + FACTS_VALID_MS } }) };
    });
  }

  #facts(caller: Caller, ...of: [Pending, ReadonlyMap<string, Resource>] | []): GatheredFacts {
    const { directory, store, name: service } = this.#owner;
    const [pending = new Map(), replaced = new Map()] = of;
    return new GatheredFacts({ caller, directory, service, store, naming: this.#naming }, pending, replaced);
  }

  /** Adds the audit entry, so that it is written together with the steps. */
  #noted({ steps }: BoundSteps, checked: Checked, { trail }: WriteManner): Checked {
    return trail ? { ...checked, writes: [...checked.writes, ...this.#owner.audit.ofSteps(steps, trail)] } : checked;
  }

  #ownAuthor({ writer, caller }: WriteManner): WriteChecks["ownAuthor"] {
    if (!writer) return undefined;
    const { store } = this.#owner;
    const practitionersIn = async (roles: string[]) => {
      const facts = this.#facts(caller);
      await facts.ask(roles);
      return new Map(
        roles.flatMap((role) => {
          const { reference } = (facts.of(role)?.resource?.["practitioner"] ?? {}) as { reference?: string };
          return reference === undefined ? [] : [[role, reference] as const];
        }),
      );
    };
    const practitionersFor = async (question: Question) => {
      const facts = this.#facts(caller);
      await facts.askFor([question]);
      return facts.found(question);
    };
    const people: HospitalStaff = {
      practitionersIn,
      practitionersNamed: (names) => practitionersFor(practitionersByName(names)),
      practitionersNumbered: (numbers) => practitionersFor(practitionersByNumber(numbers)),
    };
    return (resource, step, index) => ownAuthor(resource, { step, index, writer, store, people });
  }

  /** Adds effects of the steps: changed contents of the steps' own resources, and further writes. */
  async #addDerived(
    writes: Write[],
    { steps, derived, work }: { steps: OwnerStep[]; derived: DerivedSteps; work: WriteManner["work"] },
  ): Promise<void> {
    const amended = [...derived.amended].map(([index, resource]) => ({ ...(steps[index] as TextStep), text: JSON.stringify(resource) }));
    if (amended.length + derived.steps.length === 0) return;
    const more = await prepareWrites([...amended, ...derived.steps], { profiles: this.#owner.profiles, unique: this.#unique, work });
    for (const index of derived.amended.keys()) writes[index] = more.writes.shift() as Write;
    writes.push(...more.writes);
  }

  /** The resources to which no reference may be added meanwhile: they are deleted, or closed. */
  #isolatedIn(changes: SteppedChange[], before: BoundSteps["before"]): VersionReference[] {
    return changes.flatMap(({ step, type, change }): VersionReference[] => {
      const stored = before[step];
      const isAsked = stored !== undefined && this.#rules.of(type).some(({ rule }) => rule.isolates?.(change));
      return isAsked && stored ? [{ type, id: stored.id, version: stored.version }] : [];
    });
  }

  #tell({ rule, reference, message }: Warning): void {
    this.#owner.logger.warn(`${reference} breaks the rule ${rule}, which only warns here: ${message}`);
  }
}

/** A write that passed the rules. */
interface Checked {
  writes: Write[];
  /** Facts about other resources on which the rules relied; absent if they needed none. */
  reliance?: Reliance;
  /** Effects of the steps; they are the last of the writes. */
  derived?: DerivedSteps;
  /** What is deleted, and must not be referred to meanwhile. */
  fenced: Fenced;
}

/** Sets the author of each version, including those of derived steps. An author that a step itself gives is ignored. */
function signed(checked: Checked, { author }: WriteManner): Checked {
  if (author === undefined) return checked;
  return { ...checked, writes: checked.writes.map((write) => (isResourceStep(write) ? { ...write, author } : write)) };
}

const keepsLabels = (step: OwnerStep): boolean => step.op === "update" && step.keepsLabels === true;

/**
 * Refuses steps that the store would refuse anyway, before rules compare them with what is stored: a step for another version, and an update
 * of a resource that is not here, which must not be treated as a creation, as it may be stored at another owner.
 * @throws StoreError NOT_FOUND, STALE_VERSION, like the store
 */
function refuseOutdated({ steps, before }: Pick<BoundSteps, "steps" | "before">, hasRules: (type: string) => boolean): void {
  for (const [index, step] of steps.entries()) {
    if ((step.op !== "update" && step.op !== "delete") || !hasRules(step.type)) continue;
    const { type, id, ifVersion } = step;
    const version = before[index]?.version ?? NONE_LIVING;
    if (ifVersion && !ifVersion.includes(version)) throw new StoreError(StoreErrorType.staleVersion, index, { type, id, version });
    if (step.op === "update" && !step.upsert && !before[index]) throw new StoreError(StoreErrorType.notFound, index, { type, id });
  }
}
