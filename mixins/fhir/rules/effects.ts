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
}

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

/** @throws what an effect throws */
export async function derive(
  effects: Record<string, EffectOf<FhirResource> | undefined>,
  changes: SteppedChange[],
  { facts, store, rules }: { facts: GatheredFacts; store: Store; rules: Rulebook },
): Promise<DerivedSteps> {
  const values = new Map<string, number | undefined>();
  const made = new Map<string, Identified>();
  const moves: { step: OwnerStep; of: number; bound?: Movement["bound"] }[] = [];
  const counter = async (name: string): Promise<number | undefined> => {
    if (!values.has(name)) values.set(name, await knownCounter(store, name));
    return values.get(name);
  };
  const counters = async (prefix: string): Promise<{ name: string; value: number }[]> => {
    const all = new Map((await store.counters(prefix, MAX_COUNTERS)).map(({ name, value }) => [name, value]));
    for (const [name, value] of values) if (value !== undefined && name.startsWith(prefix)) all.set(name, value);
    return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => ({ name, value }));
  };
  const read = async <Of extends FhirResource>(reference: string): Promise<(Of & { id: string }) | undefined> => {
    const brought = changes.find(({ change }) => change.reference === reference)?.change.after;
    const written = brought && { ...brought, id: splitPlace(reference)[1] };
    const known = made.get(reference) ?? (facts.isWritten(reference) ? written : await storedAt(store, reference));
    return known as (Of & { id: string }) | undefined;
  };
  for (const { type, change, step: of } of changes) {
    const effect = await effects[type]?.(change, { facts, counter, counters, read });
    for (const { rule, refusal } of effect?.refusals ?? []) if (rules.isOn(type, rule)) throw ruleError(refusal, { id: rule }, of);
    for (const { counter: name, by, bound, isExact, above } of effect?.movements ?? []) {
      const value = await counter(name);
      const isBound = bound !== undefined && rules.isOn(type, bound.rule);
      const seen = { ...(isExact && { ifValue: value ?? 0 }), ...(above !== undefined && { above }) };
      const step: OwnerStep = { op: "add", counter: name, by, ...seen, ...(isBound && { min: bound.min }) };
      moves.push({ step, of, ...(isBound && { bound }) });
      values.set(name, counted((value ?? 0) + by));
    }
    for (const next of effect?.changes ?? []) made.set(`${next.resourceType}/${next.id}`, next);
  }
  const amended = new Map<number, Identified>();
  const changed: OwnerStep[] = [];
  for (const [reference, next] of made) {
    const bringing = changes.find(({ change }) => change.reference === reference && change.after);
    if (bringing) amended.set(bringing.step, next);
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
