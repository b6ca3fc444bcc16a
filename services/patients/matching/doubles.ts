/** Pairs of records that are probably of one person: of one record, of those that were written last, and as they are kept until a clerk looks. */
import { parseJson } from "../../../fhir/json.ts";
import type { Patient, Stored } from "../../../fhir/r4.ts";
import type { Store } from "../../../store/store.ts";
import type { Double } from "../patients.contract.ts";
import { isClosed, isConfirmed } from "../patients.model.ts";
import { agreementOf } from "./compare.ts";
import { areDistinct } from "./distinct.model.ts";
import { gradeOf, isSure, type Match } from "./grade.ts";
import { candidatesFor, type MatchingOptions } from "./find-matches.ts";
import { personOf } from "./person.ts";

/** Records that doubles are looked for at each question; each asks the search index up to 16 times. */
const MAX_LATEST = 50;
/** Begins the keys of pairs that the pass has found. */
const FOUND = "doubles/found/";
/** Pairs that are kept, 100 bytes each: more than an office works through in weeks. The pass waits while there are so many. */
export const MAX_FOUND = 2_000;

/** Its place in the order, the most probable first; one for each pair and score. */
const placeOf = (score: number, ids: string[]): string => [`${1_000 - Math.round(score * 1_000)}`.padStart(4, "0"), ...ids].join("/");

function doubleOf(one: string, other: string, { grade, score }: Match): Double {
  const ids = [one, other].sort() as [string, string];
  return { patients: [`Patient/${ids[0]}`, `Patient/${ids[1]}`], grade, score, place: placeOf(score, ids) };
}

/** Whether a clerk has said already that it is another person, or that the record is none any more. */
const isSettled = (patient: Patient): boolean => isClosed(patient) || isConfirmed(patient);

/** What is probably another record of the same person. */
export async function doublesOf(patient: Stored<Patient>, options: MatchingOptions): Promise<Double[]> {
  if (isSettled(patient)) return [];
  const candidates = await candidatesFor(patient, options);
  return candidates
    .filter((one) => isSure(one) && !isConfirmed(one.patient) && !areDistinct(patient, one.patient))
    .map((one) => doubleOf(patient.id, one.patient.id, one));
}

/** Of the records that were written last: by place, each pair once. */
export async function latestDoubles(options: MatchingOptions): Promise<Double[]> {
  const sort = [{ by: "updated" as const, desc: true }];
  const { rows } = await options.store.search({ type: "Patient", clauses: [], sort, want: "rows", limit: MAX_LATEST });
  const pairs = new Map<string, Double>();
  for (const { json = "" } of rows) {
    for (const double of await doublesOf(parseJson(json) as Stored<Patient>, options)) pairs.set(double.place, double);
  }
  return [...pairs.values()];
}

/** Pairs that were found, in the store, until they are looked at and are none any more. */
export class FoundDoubles {
  readonly #store: Store;
  readonly #options: Omit<MatchingOptions, "store">;

  constructor(store: Store, options: Omit<MatchingOptions, "store">) {
    this.#store = store;
    this.#options = options;
  }

  /** Places of all of them, in order. */
  async places(): Promise<string[]> {
    return (await this.#store.entries(FOUND, MAX_FOUND)).map(({ key }) => key.slice(FOUND.length));
  }

  /** Those of one record are these and no others. @param places of all that are kept */
  async replace(id: string, doubles: Double[], places: string[]): Promise<void> {
    const now = new Set(doubles.map(({ place }) => place));
    const before = places.filter((place) => place.split("/").includes(id));
    await Promise.all(before.filter((place) => !now.has(place)).map((place) => this.remove(place)));
    await Promise.all([...now].filter((place) => !before.includes(place)).map((place) => this.#store.put(FOUND + place, "")));
  }

  async remove(place: string): Promise<void> {
    await this.#store.remove(FOUND + place);
  }

  /** The pair at a place, as its records are now; undefined: they are none any more, and it is forgotten. */
  async look(place: string): Promise<Double | undefined> {
    const ids = place.split("/").slice(1);
    const [one, other] = await Promise.all(ids.map((id) => this.#store.read("Patient", id)));
    if (!one?.json || !other?.json) return this.#forget(place);
    const [first, second] = [parseJson(one.json) as Stored<Patient>, parseJson(other.json) as Stored<Patient>];
    const { table, weights } = this.#options;
    const match = gradeOf(agreementOf(personOf(first, table), personOf(second, table)), weights);
    if (!isSure(match) || isSettled(first) || isSettled(second) || areDistinct(first, second)) return this.#forget(place);
    return { ...doubleOf(first.id, second.id, match), place };
  }

  async #forget(place: string): Promise<undefined> {
    await this.remove(place);
  }
}

/** The next pairs behind a place, the most probable first. @param latest of the records that were written last, which no pass may have seen yet */
export async function pageOfDoubles(
  found: FoundDoubles,
  latest: Double[],
  { after = "", limit }: { after?: string | undefined; limit: number },
): Promise<Double[]> {
  const fresh = new Map(latest.map((one) => [one.place, one]));
  const places = [...new Set([...(await found.places()), ...fresh.keys()])].sort();
  const seen = new Set<string>();
  const page: Double[] = [];
  for (const place of places) {
    const double = place > after && (fresh.get(place) ?? (await found.look(place)));
    if (!double || seen.has(double.patients.join())) continue;
    seen.add(double.patients.join());
    page.push(double);
    if (page.length === limit) break;
  }
  return page;
}
