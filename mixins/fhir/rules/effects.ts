/** Effects of a change, written in the same atomic write: movements of counters, and further changed resources. */
import type { FhirResource, ResourceOf, ResourceType } from "../../../fhir/r4.ts";
import { parseJson } from "../../../fhir/json.ts";
import { splitPlace } from "../../../federation/facts.ts";
import type { OwnerStep } from "../../../federation/owner-contract.ts";
import { counted } from "../../../store/counted.ts";
import type { Store } from "../../../store/store.ts";
import { StoreError, StoreErrorType } from "../../../store/store-error.ts";
import { change as changeStep, type Identified } from "../write-steps.ts";
import type { SteppedChange } from "./evaluate.ts";
import type { GatheredFacts } from "./gather.ts";
import type { Change, Facts, Refusal } from "./rule.ts";
import { type Rulebook, ruleError } from "./rulebook.ts";

/** A movement of a counter. */
export interface Movement {
  counter: string;
  by: number;
  /** Whether other effects were decided by the counter's exact value: they are decided again if it has changed since. */
  isExact?: boolean;
  /** Other effects were decided for a result above this value: they are decided again if the result is not. */
  above?: number;
  /** Refused, as this rule says, if the result would be below the minimum; not if the rule is off or only warns. */
  bound?: { min: number; rule: string; refusal: Refusal };
}

/** What effects may read; it includes what earlier steps of the same write have done. */
export interface EffectTools {
  facts: Facts;
  /** Value of a counter; undefined if it was never moved. */
  counter(name: string): Promise<number | undefined>;
  /** Counters with a name prefix, in order; the first 10,000. */
  counters(prefix: string): Promise<{ name: string; value: number }[]>;
  /** A resource of this service, as the same write leaves it; undefined when there is none. */
  read<Of extends FhirResource>(reference: string): Promise<(Of & { id: string }) | undefined>;
}

/** An effect. */
export interface Effect {
  movements: Movement[];
  /** Next versions of resources that were read with the tools; for resources of the same write, their changed contents. */
  changes?: Identified[];
  /** Refusals for reasons that only effects can know; they apply if their rule is on. */
  refusals?: { rule: string; refusal: Refusal }[];
  /** Whether the counters to move were chosen by what is available: changes of the same write that name theirs come first. */
  isChoice?: boolean;
}

/** An effect with all lists, possibly empty. */
export type FullEffect = Required<Omit<Effect, "isChoice">> & Pick<Effect, "isChoice">;

/** The effects of one type. Computed at each write, and again when the write is repeated. */
export type EffectOf<Of extends FhirResource> = (change: Change<Of>, tools: EffectTools) => Promise<Effect | undefined>;

/** The effects of a service, by type. */
export type EffectsOf = { [Type in ResourceType]?: EffectOf<ResourceOf<Type>> };

/** The derived steps of a write, and how their refusals are reported. */
export interface DerivedSteps {
  steps: OwnerStep[];
  /** Changed contents of steps of the same write, by step index. */
  amended: ReadonlyMap<number, Identified>;
  /** @param count number of steps before the derived ones */
  meaningOf(error: unknown, count: number): unknown;
}

/** What effects are computed from. */
interface Sources {
  facts: GatheredFacts;
  store: Store;
  rules: Rulebook;
}

/** What a change waits for, relaxed from round to round when no other change can be taken. */
const PATIENCE = { all: 0, choices: 1, none: 2 } as const;
type Patience = (typeof PATIENCE)[keyof typeof PATIENCE];

/**
 * Computes the effects of all changes of a write, independently of their order: a change that would be refused for now is taken after those
 * that release what it needs, a change that reads another's resource after that one, and a change that chooses after those that do not.
 * @returns undefined where there can be no effects
 * @throws what an effect throws
 */
export async function derive(
  effects: Record<string, EffectOf<FhirResource> | undefined>,
  changes: SteppedChange[],
  sources: Sources,
): Promise<DerivedSteps | undefined> {
  let left = changes.filter(({ type }) => effects[type] !== undefined);
  if (left.length === 0) return undefined;
  const derivation = new Derivation(effects, changes, sources);
  let patience: Patience = changes.length > 1 ? PATIENCE.all : PATIENCE.none;
  for (let round = 0; left.length > 0 && round < MAX_ROUNDS; ) {
    const waiting: SteppedChange[] = [];
    for (const changed of left) if (!(await derivation.take(changed, patience))) waiting.push(changed);
    const isStuck = waiting.length === left.length;
    left = waiting;
    if (isStuck && patience === PATIENCE.none) break;
    if (isStuck) patience = patience === PATIENCE.all ? PATIENCE.choices : PATIENCE.none;
    else round += 1;
  }
  // What remains is taken anyway: the store refuses it, unless concurrent writes have made it possible.
  for (const changed of left) await derivation.take(changed, "last");
  return derivation.derived();
}

/** The effects of the changes taken so far. */
class Derivation {
  readonly #effects: Record<string, EffectOf<FhirResource> | undefined>;
  readonly #changes: ReadonlyMap<string, SteppedChange>;
  readonly #taken = new Set<string>();
  /** Whether the effect that is being computed has read a change that was not taken yet. */
  #hasReadAhead = false;
  readonly #sources: Sources;
  readonly #values = new Map<string, number | undefined>();
  /** Names of `#values` by their beginnings up to each slash: a write may move thousands of counters. */
  readonly #under = new Map<string, Set<string>>();
  readonly #made = new Map<string, Identified>();
  readonly #moves: { step: OwnerStep; of: number; bound?: Movement["bound"] }[] = [];
  readonly #tools: EffectTools;

  constructor(effects: Record<string, EffectOf<FhirResource> | undefined>, changes: SteppedChange[], sources: Sources) {
    this.#effects = effects;
    this.#changes = new Map(changes.map((changed) => [changed.change.reference, changed]));
    this.#sources = sources;
    this.#tools = {
      facts: sources.facts,
      counter: (name) => this.#counter(name),
      counters: (prefix) => this.#counters(prefix),
      read: <Of extends FhirResource>(reference: string) => this.#read(reference) as Promise<(Of & { id: string }) | undefined>,
    };
  }

  /**
   * @param patience what the change does not wait for; "last": counters may fall below their bounds
   * @returns whether it was taken; false if it would be refused for now, or others come before it
   * @throws the refusal that only effects can know, if it is the last
   */
  async take(changed: SteppedChange, patience: Patience | "last"): Promise<boolean> {
    const { change, step: of } = changed;
    const isLast = patience === "last";
    const effect = await this.#effectOf(changed, patience);
    if (!effect) return false;
    const { movements, changes = [], refusals = [] } = effect;
    const refused = refusals.find(({ rule }) => this.#isOn(changed, rule));
    if (refused && isLast) throw ruleError(refused.refusal, { id: refused.rule }, of);
    if (refused || (!isLast && (await this.#isBelow(changed, movements)))) return false;
    for (const { counter: name, by, bound, isExact, above } of movements) {
      const value = await this.#counter(name);
      const isBound = bound !== undefined && this.#isOn(changed, bound.rule);
      // Where the bounding rule is off, the result may not be above: then it is decided again only if the counter has changed.
      const isAbove = above !== undefined && counted((value ?? 0) + by) > counted(above);
      const seen = isExact || (above !== undefined && !isAbove) ? { ifValue: value ?? 0 } : { ...(isAbove && { above }) };
      const step: OwnerStep = { op: "add", counter: name, by, ...seen, ...(isBound && { min: bound.min }) };
      this.#moves.push({ step, of, ...(isBound && { bound }) });
      this.#setValue(name, counted((value ?? 0) + by));
    }
    for (const next of changes) this.#made.set(`${next.resourceType}/${next.id}`, next);
    this.#taken.add(change.reference);
    return true;
  }

  /** @returns undefined where other changes come first */
  async #effectOf({ type, change }: SteppedChange, patience: Patience | "last"): Promise<Effect | undefined> {
    const waitsForOthers = patience === PATIENCE.all || patience === PATIENCE.choices;
    this.#hasReadAhead = false;
    try {
      const effect = (await this.#effects[type]?.(change, this.#tools)) ?? NOTHING;
      const isTooEarly = (waitsForOthers && this.#hasReadAhead) || (patience === PATIENCE.all && effect.isChoice === true);
      return isTooEarly ? undefined : effect;
    } catch (error) {
      if (waitsForOthers && this.#hasReadAhead) return undefined;
      throw error;
    }
  }

  derived(): DerivedSteps {
    const moves = this.#moves;
    const amended = new Map<number, Identified>();
    const changed: OwnerStep[] = [];
    for (const [reference, next] of this.#made) {
      const bringing = this.#changes.get(reference);
      if (bringing?.change.after) amended.set(bringing.step, next);
      else changed.push(changeStep(next));
    }
    return {
      steps: [...moves.map(({ step }) => step), ...changed],
      amended,
      meaningOf(error, count) {
        if (!(error instanceof StoreError) || error.step < count) return error;
        const { bound, of = 0 } = moves[error.step - count] ?? {};
        if (error.type === StoreErrorType.counterBelow && bound) return ruleError(bound.refusal, { id: bound.rule }, of);
        // The counter, or a resource that changes along with it, was written concurrently.
        return error.type === StoreErrorType.locked ? error : new StoreError(StoreErrorType.factsOutdated, of);
      },
    };
  }

  #isOn({ type }: SteppedChange, rule: string): boolean {
    return this.#sources.rules.isOn(type, rule);
  }

  /** Whether the movements bring a counter below its bound. */
  async #isBelow(changed: SteppedChange, movements: Movement[]): Promise<boolean> {
    const moved = new Map<string, number>();
    for (const { counter: name, by, bound } of movements) {
      const value = counted((moved.get(name) ?? (await this.#counter(name)) ?? 0) + by);
      moved.set(name, value);
      if (bound && value < counted(bound.min) && this.#isOn(changed, bound.rule)) return true;
    }
    return false;
  }

  async #counter(name: string): Promise<number | undefined> {
    if (!this.#values.has(name)) this.#setValue(name, await knownCounter(this.#sources.store, name));
    return this.#values.get(name);
  }

  #setValue(name: string, value: number | undefined): void {
    if (!this.#values.has(name)) {
      for (let slash = name.indexOf("/"); slash >= 0; slash = name.indexOf("/", slash + 1)) {
        const beginning = name.slice(0, slash + 1);
        this.#under.set(beginning, (this.#under.get(beginning) ?? new Set()).add(name));
      }
    }
    this.#values.set(name, value);
  }

  async #counters(prefix: string): Promise<{ name: string; value: number }[]> {
    const all = new Map((await this.#sources.store.counters(prefix, MAX_COUNTERS)).map(({ name, value }) => [name, value]));
    const beginning = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    for (const name of beginning === "" ? this.#values.keys() : (this.#under.get(beginning) ?? [])) {
      const value = this.#values.get(name);
      if (value !== undefined && name.startsWith(prefix)) all.set(name, value);
    }
    return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => ({ name, value }));
  }

  async #read(reference: string): Promise<Identified | undefined> {
    const { facts, store } = this.#sources;
    const changed = this.#changes.get(reference);
    if (changed && this.#effects[changed.type] && !this.#taken.has(reference)) this.#hasReadAhead = true;
    const brought = changed?.change.after;
    const written = brought && { ...brought, id: splitPlace(reference)[1] };
    return this.#made.get(reference) ?? (facts.isWritten(reference) ? written : await storedAt(store, reference));
  }
}

const NOTHING: Effect = { movements: [] };

/** Limit of rounds of changes that wait for each other in one write; a medication that passes through more places in one write is sent in order. */
const MAX_ROUNDS = 8;

/** Counters that an effect can read at once: one for each day of 27 years. */
const MAX_COUNTERS = 10_000;

/** Names are sorted: a counter comes before those whose names start with its own. */
async function knownCounter(store: Store, name: string): Promise<number | undefined> {
  const [first] = await store.counters(name, 1);
  return first?.name === name ? first.value : undefined;
}

async function storedAt(store: Store, reference: string): Promise<Identified | undefined> {
  const stored = await store.read(...splitPlace(reference));
  return stored?.json === undefined ? undefined : (parseJson(stored.json) as Identified);
}
