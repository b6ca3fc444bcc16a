/**
 * The one way of every write of an owner, by whichever door: bound to what it replaces, parsed, checked, indexed, held against the rules,
 * stored.
 */
import type { Service } from "moleculer";
import type { Resource } from "../../fhir/resource.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { fromStoreError } from "../../federation/errors.ts";
import { type MadeElsewhere, type OwnerStep, writesResource } from "../../federation/owner-contract.ts";
import type { Profiles } from "../../federation/profiles.ts";
import type { Caller } from "../../mesh/contract.ts";
import type { Reliance, Store, UniqueKey, Write, WriteKey, WriteResult } from "../../store/store.ts";
import { prepareWrites } from "./prepare-writes.ts";
import { type BoundSteps, boundSteps, writeBound } from "./read-before.ts";
import { changesOf, pendingOf, type WriteParts } from "./rules/changes.ts";
import { evaluate } from "./rules/evaluate.ts";
import { GatheredFacts } from "./rules/gather.ts";
import type { Rulebook } from "./rules/rulebook.ts";

/** What other owners say counts so long; a write that comes to its store later asks again. Milliseconds. */
const FACTS_VALID_MS = 5_000;

/** For whom a write is made, and what it is part of. */
export interface WriteManner {
  caller: Caller;
  /** Under what name its cost is counted (`workOf`). */
  work: string | null | undefined;
  key?: WriteKey;
  elsewhere?: MadeElsewhere;
  /** Called before anything is stored. @throws when the caller waits no more */
  mayBegin?(): void;
}

type Owner = Service & WithDirectory & { store: Store; profiles: Profiles };

/** The writes of one service. */
export class OwnerWrites {
  readonly #owner: Owner;
  readonly #unique: Record<string, ((resource: Resource) => UniqueKey[]) | undefined>;
  readonly #rules: Rulebook;

  constructor(
    owner: Owner,
    { unique, rules }: { unique: Record<string, ((resource: Resource) => UniqueKey[]) | undefined>; rules: Rulebook },
  ) {
    this.#owner = owner;
    this.#unique = unique;
    this.#rules = rules;
  }

  /** All steps or none. @throws what the steps, the rules or the store refuse */
  write(steps: OwnerStep[], manner: WriteManner): Promise<WriteResult[]> {
    return this.#bound(steps, async (bound) => {
      const { writes, reliance } = await this.#checked(bound, manner);
      manner.mayBegin?.();
      return this.#owner.store.write(writes, manner.key, reliance);
    });
  }

  /** All steps, stored but not visible. */
  prepare(tx: string, steps: OwnerStep[], manner: WriteManner): Promise<{ results: WriteResult[]; writes: Write[] }> {
    return this.#bound(steps, async (bound) => {
      const { writes, reliance } = await this.#checked(bound, manner);
      manner.mayBegin?.();
      return { results: await this.#owner.store.prepare(tx, writes, reliance), writes };
    });
  }

  /** Types without rules, whose labels nobody keeps, need not be looked at before. */
  #bound<Result>(steps: OwnerStep[], write: (bound: BoundSteps) => Promise<Result>): Promise<Result> {
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

  readonly #hasRules = (type: string): boolean => this.#rules.of(type).length > 0;

  async #checked({ steps, before }: BoundSteps, manner: WriteManner): Promise<{ writes: Write[]; reliance?: Reliance }> {
    const { profiles } = this.#owner;
    const { writes, resources } = await prepareWrites(steps, { profiles, unique: this.#unique, work: manner.work });
    if (this.#rules.isEmpty) return { writes };
    const reliance = await this.#heldAgainstRules({ steps, resources, before }, manner);
    return reliance ? { writes, reliance } : { writes };
  }

  /** @returns what the write relies on then; undefined: on nothing but what it is bound to */
  async #heldAgainstRules(parts: WriteParts, { caller, elsewhere }: WriteManner): Promise<Reliance | undefined> {
    const changes = changesOf(parts, this.#hasRules, new Date());
    if (changes.length === 0) return undefined;
    const { directory, store, name: service, logger } = this.#owner;
    const asked = performance.now();
    const facts = new GatheredFacts({ caller, directory, service, store }, pendingOf(parts, elsewhere));
    for (const { rule, reference, message } of await evaluate(this.#rules, changes, facts))
      logger.warn(`${reference} breaks the rule ${rule}, which only warns here: ${message}`);
    const on = facts.relied;
    return on.length > 0 ? { on, until: asked + FACTS_VALID_MS } : undefined;
  }
}

const keepsLabels = (step: OwnerStep): boolean => step.op === "update" && step.keepsLabels === true;
