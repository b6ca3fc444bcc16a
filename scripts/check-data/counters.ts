/** Compares the counters of a service with the sums over its resources. */
import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import { counted } from "../../store/counted.ts";
import type { Store } from "../../store/store.ts";
import type { OwnerSource } from "./owner-stores.ts";
import type { Tally } from "./tally.ts";

/** Counters that are read at a time. */
const PAGE = 10_000;

/** All counters whose names begin with `prefix`, in order of name. */
export async function* countersOf(store: Pick<Store, "counters">, prefix: string): AsyncGenerator<{ name: string; value: number }> {
  for (let after: string | undefined; ; ) {
    const some = await store.counters(prefix, PAGE, after);
    yield* some;
    if (some.length < PAGE) return;
    after = some.at(-1)?.name;
  }
}

/** The service's counters with their values, by name; about 100 bytes each in memory. */
export async function knownCounters({ store, options: { invariants } }: OwnerSource): Promise<ReadonlyMap<string, number>> {
  const values = new Map<string, number>();
  for (const prefix of [...(invariants?.counted ?? []), ...(invariants?.noted ?? [])]) {
    for await (const { name, value } of countersOf(store, prefix)) values.set(name, value);
  }
  return values;
}

/** A counter that differs from the sum over the resources. */
export type WrongCounter =
  | { detail: string; counter: string; value: number; sum: number }
  /** The counter's parts do not add up to it. */
  | { detail: string; sum?: undefined };

/** All counters that differ. */
export async function* checkCounters(store: Store, invariants: Invariants, tally: Tally): AsyncGenerator<WrongCounter> {
  const seen = new Set<string>();
  for (const prefix of invariants.counted ?? []) {
    for await (const { name, value } of countersOf(store, prefix)) {
      seen.add(name);
      const sum = counted(tally.movedBy(name) ?? 0);
      if (counted(value) === sum) continue;
      yield { detail: `${name} is ${value}; the stored resources add up to ${sum}`, counter: name, value, sum };
    }
  }
  for (const { counter, value } of tally.moved()) {
    const sum = counted(value);
    if (seen.has(counter) || sum === 0) continue;
    yield { detail: `${counter} is missing; the stored resources add up to ${sum}`, counter, value: 0, sum };
  }
  yield* checkParts(store, invariants);
}

async function* checkParts(store: Store, { wholeOf }: Invariants): AsyncGenerator<WrongCounter> {
  if (!wholeOf) return;
  const sums = new Map<string, number>();
  for await (const { name, value } of countersOf(store, "")) {
    const whole = wholeOf(name);
    if (whole !== undefined) sums.set(whole, (sums.get(whole) ?? 0) + value);
  }
  for (const [whole, sum] of sums) {
    const value = await store.counter(whole);
    if (counted(value) !== counted(sum)) yield { detail: `${whole} is ${value}; its parts add up to ${counted(sum)}` };
  }
}
