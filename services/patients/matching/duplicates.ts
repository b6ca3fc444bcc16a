/** Probable duplicates: those of one record, those of the latest records, and those that are stored until a clerk decides. */
import { parseJson } from "../../../fhir/json.ts";
import type { Patient, Stored } from "../../../fhir/r4.ts";
import type { Store } from "../../../store/store.ts";
import type { DuplicatePair } from "../patients.contract.ts";
import { isClosed, isConfirmed } from "../patients.model.ts";
import { agreementOf } from "./compare.ts";
import { areDistinct } from "./distinct.model.ts";
import { gradeOf, isSure, type Match } from "./grade.ts";
import { candidatesFor, type MatchingOptions } from "./find-matches.ts";
import { personOf } from "./person.ts";

/** Latest records that are compared per question; each costs up to 16 questions to the search index. */
const MAX_LATEST = 50;
/** Prefix of the keys of stored pairs. As in the first version, so that what is stored is still found. */
const FOUND = "doubles/found/";
/** Pairs that are stored, 100 bytes each: more than an office handles in weeks. The search waits at this number. */
export const MAX_FOUND = 2_000;

/** Position of a pair in the list, the most probable first; unique by pair and score. */
const placeOf = (score: number, ids: string[]): string => [`${1_000 - Math.round(score * 1_000)}`.padStart(4, "0"), ...ids].join("/");

function pairOf(one: string, other: string, { grade, score }: Match): DuplicatePair {
  const ids = [one, other].sort() as [string, string];
  return { patients: [`Patient/${ids[0]}`, `Patient/${ids[1]}`], grade, score, place: placeOf(score, ids) };
}

/** Whether a clerk has decided that it is another person, or the record is closed. */
const isSettled = (patient: Patient): boolean => isClosed(patient) || isConfirmed(patient);

/** Probable duplicates of one record. */
export async function duplicatesOf(patient: Stored<Patient>, options: MatchingOptions): Promise<DuplicatePair[]> {
  if (isSettled(patient)) return [];
  const candidates = await candidatesFor(patient, options);
  return candidates
    .filter((one) => isSure(one) && !isConfirmed(one.patient) && !areDistinct(patient, one.patient))
    .map((one) => pairOf(patient.id, one.patient.id, one));
}

/** Probable duplicates of the latest records, by position, each pair once. */
export async function latestDuplicates(options: MatchingOptions): Promise<DuplicatePair[]> {
  const sort = [{ by: "updated" as const, desc: true }];
  const { rows } = await options.store.search({ type: "Patient", clauses: [], sort, want: "rows", limit: MAX_LATEST });
  const pairs = new Map<string, DuplicatePair>();
  for (const { json = "" } of rows) {
    for (const pair of await duplicatesOf(parseJson(json) as Stored<Patient>, options)) pairs.set(pair.place, pair);
  }
  return [...pairs.values()];
}

/** The stored pairs, until they are decided or no longer similar. */
export class FoundDuplicates {
  readonly #store: Store;
  readonly #options: Omit<MatchingOptions, "store">;

  constructor(store: Store, options: Omit<MatchingOptions, "store">) {
    this.#store = store;
    this.#options = options;
  }

  /** Positions of all, in order. */
  async places(): Promise<string[]> {
    return (await this.#store.entries(FOUND, MAX_FOUND)).map(({ key }) => key.slice(FOUND.length));
  }

  /** Replaces the pairs of one record. @param places positions of all stored pairs */
  async replace(id: string, duplicates: DuplicatePair[], places: string[]): Promise<void> {
    const now = new Set(duplicates.map(({ place }) => place));
    const before = places.filter((place) => place.split("/").includes(id));
    await Promise.all(before.filter((place) => !now.has(place)).map((place) => this.remove(place)));
    await Promise.all([...now].filter((place) => !before.includes(place)).map((place) => this.#store.put(FOUND + place, "")));
  }

  async remove(place: string): Promise<void> {
    await this.#store.remove(FOUND + place);
  }

  /** The pair at a position, from its present records; undefined: they are no longer duplicates, and the pair is removed. */
  async look(place: string): Promise<DuplicatePair | undefined> {
    const ids = place.split("/").slice(1);
    const [one, other] = await Promise.all(ids.map((id) => this.#store.read("Patient", id)));
    if (!one?.json || !other?.json) return this.#forget(place);
    const [first, second] = [parseJson(one.json) as Stored<Patient>, parseJson(other.json) as Stored<Patient>];
    const { table, weights } = this.#options;
    const match = gradeOf(agreementOf(personOf(first, table), personOf(second, table)), weights);
    if (!isSure(match) || isSettled(first) || isSettled(second) || areDistinct(first, second)) return this.#forget(place);
    return { ...pairOf(first.id, second.id, match), place };
  }

  async #forget(place: string): Promise<undefined> {
    await this.remove(place);
  }
}

/** The next pairs after a position, the most probable first. @param latest pairs of the latest records, which the search may not have reached */
export async function pageOfDuplicates(
  found: FoundDuplicates,
  latest: DuplicatePair[],
  { after = "", limit }: { after?: string | undefined; limit: number },
): Promise<DuplicatePair[]> {
  const fresh = new Map(latest.map((one) => [one.place, one]));
  const places = [...new Set([...(await found.places()), ...fresh.keys()])].sort();
  const seen = new Set<string>();
  const page: DuplicatePair[] = [];
  for (const place of places) {
    const pair = place > after && (fresh.get(place) ?? (await found.look(place)));
    if (!pair || seen.has(pair.patients.join())) continue;
    seen.add(pair.patients.join());
    page.push(pair);
    if (page.length === limit) break;
  }
  return page;
}
