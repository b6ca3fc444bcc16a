/** What follows from a change and is kept in the same atomic write: counters that move, and resources that change with it. */
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

/** A counter that moves with a change. */
export interface Movement {
  counter: string;
  by: number;
  /** What else follows was decided on the counter's value: it is decided again when others have moved it since. */
  isExact?: boolean;
  /** What else follows was decided for a result above this: it is decided again when the result is not. */
  above?: number;
  /** Refused when the result would be less, as this rule says; not, where the rule is off or only warns. */
  bound?: { min: number; rule: string; refusal: Refusal };
}

/** What effects may look at: what the write before them in the same step has done included. */
export interface EffectTools {
  facts: Facts;
  /** Undefined: it was never moved. */
  counter(name: string): Promise<number | undefined>;
  /** Those whose names begin so, in order; the first 10,000. */
  counters(prefix: string): Promise<{ name: string; value: number }[]>;
  /** A living resource of this service, as the same write leaves it; undefined when there is none. */
  read<Of extends FhirResource>(reference: string): Promise<(Of & { id: string }) | undefined>;
}

/** What follows. */
export interface Effect {
  movements: Movement[];
  /** Next versions of resources that were read with the tools; of what the same write brings, other contents. */
  changes?: Identified[];
  /** Refused for what only effects know, where the rule is on. */
  refusals?: { rule: string; refusal: Refusal }[];
  /** What it moves was chosen by what there is: changes of the same write that name what they move come before it. */
  isChoice?: boolean;
}

/** What follows, with each list, also where it is empty. */
export type FullEffect = Required<Omit<Effect, "isChoice">> & Pick<Effect, "isChoice">;

/** The effects of one type. Asked at each write, and again when the write is repeated. */
export type EffectOf<Of extends FhirResource> = (change: Change<Of>, tools: EffectTools) => Promise<Effect | undefined>;

/** The effects of a service, by type. */
export type EffectsOf = { [Type in ResourceType]?: EffectOf<ResourceOf<Type>> };

/** Steps that follow from others, and what their refusal means. */
export interface DerivedSteps {
  steps: OwnerStep[];
  /** What steps of the same write bring instead, by their index. */
  amended: ReadonlyMap<number, Identified>;
  /** @param count of the steps before these */
  meaningOf(error: unknown, count: number): unknown;
}

/** Where effects look, and which rules hold. */
interface Sources {
  facts: GatheredFacts;
  store: Store;
  rules: Rulebook;
}

/** What a change does not wait for, from round to round in which nothing else can be taken. */
const PATIENCE = { all: 0, choices: 1, none: 2 } as const;
type Patience = (typeof PATIENCE)[keyof typeof PATIENCE];

/**
 * Whichever change comes first in the write: one that is refused as things stand comes after those that give back what it takes, one that reads
 * another after that, and one that chooses after those that do not.
 * @returns undefined where nothing can follow
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
  // What nothing makes possible the store refuses, which knows what others are writing.
  for (const changed of left) await derivation.take(changed, "last");
  return derivation.derived();
}

/** What follows from the changes that were taken so far. */
class Derivation {
  readonly #effects: Record<string, EffectOf<FhirResource> | undefined>;
  readonly #changes: ReadonlyMap<string, SteppedChange>;
  readonly #taken = new Set<string>();
  /** Whether the effect that is asked now has read a change that was not taken yet. */
  #hasReadAhead = false;
  readonly #sources: Sources;
  readonly #values = new Map<string, number | undefined>();
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
   * @param patience what it does not wait for; last: counters may come below their bounds by it
   * @returns whether it was taken; not, where it is refused as things stand, or others come before it
   * @throws why it is refused for what only effects know, if it is the last
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
      // Where the rule is off that bounds it, the result may not be above: then it is decided again only when others have moved it.
      const isAbove = above !== undefined && counted((value ?? 0) + by) > counted(above);
      const seen = isExact || (above !== undefined && !isAbove) ? { ifValue: value ?? 0 } : { ...(isAbove && { above }) };
      const step: OwnerStep = { op: "add", counter: name, by, ...seen, ...(isBound && { min: bound.min }) };
      this.#moves.push({ step, of, ...(isBound && { bound }) });
      this.#values.set(name, counted((value ?? 0) + by));
    }
    for (const next of changes) this.#made.set(`${next.resourceType}/${next.id}`, next);
    this.#taken.add(change.reference);
    return true;
  }

  /** @returns undefined where others come before it */
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
        // Others have moved it since, or have written what changes along.
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
    if (!this.#values.has(name)) this.#values.set(name, await knownCounter(this.#sources.store, name));
    return this.#values.get(name);
  }

  async #counters(prefix: string): Promise<{ name: string; value: number }[]> {
    const all = new Map((await this.#sources.store.counters(prefix, MAX_COUNTERS)).map(({ name, value }) => [name, value]));
    for (const [name, value] of this.#values) if (value !== undefined && name.startsWith(prefix)) all.set(name, value);
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

/** Changes that wait for one another, one after the other, in one write: a medication that goes through more places in one is sent in order. */
const MAX_ROUNDS = 8;

/** Counters that an effect sees at once: one for each day of 27 years. */
const MAX_COUNTERS = 10_000;

/** Names are in order: the counter itself comes before those whose names begin like its. */
async function knownCounter(store: Store, name: string): Promise<number | undefined> {
  const [first] = await store.counters(name, 1);
  return first?.name === name ? first.value : undefined;
}

async function storedAt(store: Store, reference: string): Promise<Identified | undefined> {
  const stored = await store.read(...splitPlace(reference));
  return stored?.json === undefined ? undefined : (parseJson(stored.json) as Identified);
}
