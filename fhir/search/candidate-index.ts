/**
 * Finds which of many resources match clauses, by an exact value or a prefix where a clause has one, so that many clauses on many resources do
 * not cost the product of both.
 */
import { fhirError } from "../outcome.ts";
import { type Candidate, matchesClauses } from "./matches-clauses.ts";
import type { Clause, KeyMatch } from "./query.ts";
import { SortedValues } from "./sorted-values.ts";

/** Values that all questions to one index may compare; they take about 0.2 s. */
const MAX_COMPARED = 3_000_000;

/** Characters that a substring search covers in the time of one comparison. */
const CHARACTERS_COMPARED = 10;

/** An index of resources that are not in a store yet. */
export class CandidateIndex<Of extends Candidate> {
  readonly #all: Of[] = [];
  readonly #byValue = new Map<string, Of[]>();
  /** By slot: the values of the first `#sortedIn` resources, sorted for the first prefix question. */
  readonly #byBeginning = new Map<number, SortedValues<Of>>();
  #sortedIn = 0;
  #left: number;

  constructor(mostCompared = MAX_COMPARED) {
    this.#left = mostCompared;
  }

  add(one: Of): void {
    this.#all.push(one);
    for (const [slot, value] of one.index.keys) {
      const key = `${slot} ${value}`;
      const same = this.#byValue.get(key);
      if (same) same.push(one);
      else this.#byValue.set(key, [one]);
    }
  }

  /**
   * The resources that match all clauses; one may be returned more than once.
   * @throws FhirError 422 when the questions together compare too many values
   */
  matching(clauses: Clause[], isStill: (one: Of) => boolean = () => true): Of[] {
    const values = clauses.reduce((sum, clause) => sum + sizeOf(clause), 1);
    const parts = clauses.reduce((sum, clause) => sum + partsOf(clause), 0);
    return this.#candidates(clauses).filter((one) => {
      if (!isStill(one)) return false;
      this.#left -= (1 + one.index.keys.length + one.index.ranges.length) * values;
      if (parts > 0) this.#left -= (parts * charactersOf(one)) / CHARACTERS_COMPARED;
      if (this.#left < 0) throw fhirError(422, "too-costly", TOO_MANY);
      return matchesClauses(clauses, one);
    });
  }

  #candidates(clauses: Clause[]): readonly Of[] {
    let fewest: readonly Of[] = this.#all;
    for (const clause of clauses) {
      if (clause.kind !== "key" || clause.not) continue;
      if (!clause.any.every((match) => "eq" in match || "prefix" in match)) continue;
      const found = clause.slots.flatMap((slot) => clause.any.flatMap((match) => this.#withValue(slot, match)));
      if (found.length < fewest.length) fewest = found;
    }
    return fewest;
  }

  #withValue(slot: number, match: KeyMatch): readonly Of[] {
    if ("eq" in match) return this.#byValue.get(`${slot} ${match.eq}`) ?? [];
    if (!("prefix" in match)) return [];
    for (; this.#sortedIn < this.#all.length; this.#sortedIn++) {
      const one = this.#all[this.#sortedIn] as Of;
      for (const [place, value] of one.index.keys) {
        const values = this.#byBeginning.get(place) ?? new SortedValues<Of>();
        values.add(value, one);
        this.#byBeginning.set(place, values);
      }
    }
    const values = this.#byBeginning.get(slot);
    this.#left -= values?.cost ?? 0;
    return values?.startingWith(match.prefix) ?? [];
  }
}

const TOO_MANY = "The conditions of this bundle match too much of what it writes: make them narrower, or send it in parts.";

const charactersOf = ({ index }: Candidate): number => index.keys.reduce((sum, [, value]) => sum + value.length, 0);

/** Number of substrings that a clause searches for in each row. */
const partsOf = (clause: Clause): number =>
  clause.kind === "any"
    ? clause.of.flat().reduce((sum, one) => sum + partsOf(one), 0)
    : clause.kind === "key"
      ? clause.any.filter((match) => "facet" in match).length
      : 0;

/** Number of values that a clause compares with each row of a resource. */
const sizeOf = (clause: Clause): number =>
  clause.kind === "any"
    ? clause.of.reduce((sum, group) => sum + group.reduce((inner, one) => inner + sizeOf(one), 0), 1)
    : "any" in clause
      ? clause.any.length
      : 1;
