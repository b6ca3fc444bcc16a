/** Gathers the facts about other resources that rules need: one call per owner and round, whatever the number of steps and rules. */
import { parseJson } from "../../../fhir/json.ts";
import type { Resource } from "../../../fhir/resource.ts";
import type { Directory } from "../../../federation/directory.ts";
import { ownerDown } from "../../../federation/errors.ts";
import { type Fact, localReference, MAX_FACTS, splitPlace, type StoredFact, factOf } from "../../../federation/facts.ts";
import { restReferencesOf } from "../../../federation/act-references.ts";
import type { NamedResource, Naming } from "../../../federation/named-resources.ts";
import { referencesAt } from "./references-exist.ts";
import { ownerOf } from "../../../federation/owner-contract.ts";
import type { Caller } from "../../../mesh/caller.ts";
import type { Relied, Store } from "../../../store/store.ts";
import type { StoreQuery } from "../../../fhir/search/query.ts";
import type { NamingRounds } from "./naming-rounds.ts";
import type { Facts, Question } from "./rule.ts";

/** Where facts come from. */
export interface FactSources {
  caller: Caller;
  directory: Directory;
  /** Name and store of this service: its own resources need no call. */
  service: string;
  store: Store;
  /** Asks which resources refer to those of the write. */
  naming: Pick<NamingRounds, "ask">;
}

/** Resources as a write will leave them, by `Type/id`; null: deleted. */
export type Pending = ReadonlyMap<string, Resource | null>;

/** The facts of one write. */
export class GatheredFacts implements Facts {
  /** By `Type/id`; what the write makes of a resource is added when it is first asked for. */
  readonly #known = new Map<string, Fact>();
  /** `Type/id` of the references that were asked for: rules ask again in each round. */
  readonly #places = new Map<string, string | undefined>();
  readonly #sources: FactSources;
  readonly #own = new Set<string>();
  readonly #found = new Map<string, Resource[]>();
  readonly #pending: Pending;
  readonly #replaced: ReadonlyMap<string, Resource>;
  readonly #naming: Naming[] = [];
  #resting: ReadonlyMap<string, string[]> = new Map();
  /** Built when first needed: a rule asks a question for each of thousands of changes. */
  #made: ReadonlyMap<string, Resource[]> | undefined;
  /** Built when a deletion first needs it. */
  #under: ReadonlyMap<string, string[]> | undefined;

  /**
   * @param pending what the write, and the transaction that it is part of, creates, changes and deletes
   * @param replaced the versions that the write replaces, by `Type/id`
   */
  constructor(sources: FactSources, pending: Pending, replaced: ReadonlyMap<string, Resource>) {
    this.#sources = sources;
    this.#pending = pending;
    this.#replaced = replaced;
  }

  of(reference: string | undefined): Fact | undefined {
    const place = this.#placeOf(reference);
    return place === undefined ? undefined : this.#at(place);
  }

  #placeOf(reference: string | undefined): string | undefined {
    if (reference === undefined) return undefined;
    const known = this.#places.get(reference);
    if (known !== undefined || this.#places.has(reference)) return known;
    const place = localReference(reference);
    this.#places.set(reference, place);
    return place;
  }

  #at(place: string): Fact | undefined {
    const known = this.#known.get(place);
    if (known) return known;
    const resource = this.#pending.get(place);
    if (resource === undefined) return undefined;
    const made: Fact = resource
      ? { reference: place, is: "living", version: 0, resource }
      : { reference: place, is: "deleted", version: 0 };
    this.#known.set(place, made);
    return made;
  }

  written(type: string): Resource[] {
    return [...this.#pending.values()].flatMap((resource) => (resource?.resourceType === type ? [resource] : []));
  }

  replacedBy({ resourceType, id }: Resource): Resource | undefined {
    return this.#replaced.get(`${resourceType}/${id as string}`);
  }

  /** Whether the write, or its transaction, writes or deletes the resource. */
  isWritten(reference: string): boolean {
    return this.#pending.has(reference);
  }

  found(question: Question): Resource[] {
    const { type, isAnswer } = question;
    const stored = this.#found.get(JSON.stringify(question)) ?? [];
    if (!isAnswer) return stored;
    const left = stored.filter(({ id }) => !this.#pending.has(`${type}/${id as string}`));
    return [...left, ...(this.#madeByType().get(type) ?? []).filter(isAnswer)];
  }

  /** What the write brings, with ids. */
  #madeByType(): ReadonlyMap<string, Resource[]> {
    if (this.#made) return this.#made;
    const all = [...this.#pending].flatMap(([reference, resource]): Resource[] =>
      resource ? [{ ...resource, id: splitPlace(reference)[1] }] : [],
    );
    this.#made = Map.groupBy(all, ({ resourceType }) => resourceType);
    return this.#made;
  }

  /**
   * Asks all owners the questions that were not asked yet.
   * @returns whether there were any
   * @throws 503 OWNER_DOWN when one of them is down
   */
  async askFor(questions: Question[]): Promise<boolean> {
    if (questions.length === 0) return false;
    const all = questions.map((question): [string, Question] => [JSON.stringify(question), question]);
    const open = new Map(all.filter(([key]) => !this.#found.has(key)));
    await Promise.all(
      [...open].map(async ([key, { type, clauses, limit }]) => {
        const { caller, directory } = this.#sources;
        const owners = directory.known(type).length > 0 ? directory.ownersOf(type) : [];
        const query: StoreQuery = { type, clauses, sort: [], want: "rows", limit };
        const pages = await Promise.all(owners.map((owner) => ownerOf(owner).search(caller, { query })));
        const texts = pages.flatMap(({ rows }) => rows.flatMap(({ json }) => json ?? []));
        this.#found.set(
          key,
          texts.map((text) => parseJson(text) as Resource),
        );
      }),
    );
    return open.size > 0;
  }

  /** Asks which resources refer to these. */
  async askNaming(named: NamedResource[]): Promise<void> {
    if (named.length === 0) return;
    const { caller, naming } = this.#sources;
    this.#naming.push(...(await naming.ask(caller, named)));
  }

  namedBy(reference: string): Naming[] {
    return this.#naming.filter(({ place, by }) => place === reference && !this.#pending.has(by));
  }

  restingOn(reference: string): string[] {
    const stored = (this.#resting.get(reference) ?? []).filter((by) => !this.#pending.has(by));
    return [...stored, ...(this.#writtenUnder().get(reference) ?? [])];
  }

  /** The resources of the same write that depend on others, by `Type/id` of the latter. */
  #writtenUnder(): ReadonlyMap<string, string[]> {
    if (this.#under) return this.#under;
    const under = new Map<string, string[]>();
    for (const [by, resource] of this.#pending) {
      for (const place of resource ? placesUnder(resource) : []) {
        const all = under.get(place) ?? [];
        if (place !== by) all.push(by);
        under.set(place, all);
      }
    }
    this.#under = under;
    return under;
  }

  /** Sets the dependents of what is deleted, as reported by the owners. */
  noteResting(resting: ReadonlyMap<string, string[]>): void {
    this.#resting = resting;
  }

  /** What was asked for and exists: what the write relies on. */
  get relied(): Relied[] {
    return [...this.#known.values()].flatMap(({ reference, is, version }) => {
      if (is !== "living" || version === 0) return [];
      const [type, id] = splitPlace(reference);
      return [{ type, id, version, isOwn: this.#own.has(reference) }];
    });
  }

  /**
   * Asks for those that are not known yet.
   * @returns whether there were any
   * @throws 503 OWNER_DOWN when none of the available owners of its type has a resource and one of its owners is down
   */
  async ask(references: Iterable<string | undefined>): Promise<boolean> {
    const places = new Set<string>();
    for (const reference of references) {
      const place = this.#placeOf(reference);
      if (place !== undefined && !this.#known.has(place) && !this.#pending.has(place)) places.add(place);
    }
    if (places.size === 0) return false;
    const { directory } = this.#sources;
    for (const place of places) {
      const isServed = directory.known(splitPlace(place)[0]).length > 0;
      this.#known.set(place, { reference: place, is: isServed ? "absent" : "elsewhere", version: 0 });
    }
    await this.#look(places);
    // A resource that moves between the reads from two owners is found at neither: read again.
    await this.#look([...places].filter((place) => this.#known.get(place)?.is === "absent" && directory.isShared(splitPlace(place)[0])));
    for (const place of places) this.#refuseUnknowable(place);
    return true;
  }

  /** Asks all available owners of the types. */
  async #look(places: Iterable<string>): Promise<void> {
    const wanted = new Map<string, string[]>();
    for (const place of places) {
      const owners = this.#sources.directory.known(splitPlace(place)[0]);
      for (const { service, alive } of owners) {
        if (!alive) continue;
        const some = wanted.get(service);
        if (some) some.push(place);
        else wanted.set(service, [place]);
      }
    }
    await Promise.all([...wanted].map(([owner, some]) => this.#askOwner(owner, some)));
  }

  async #askOwner(owner: string, places: string[]): Promise<void> {
    const isOwn = owner === this.#sources.service;
    for (let from = 0; from < places.length; from += MAX_FACTS) {
      const some = places.slice(from, from + MAX_FACTS);
      const told = isOwn
        ? await factsOf(this.#sources.store, some)
        : await ownerOf(owner).facts(this.#sources.caller, { references: some });
      for (const [index, one] of told.entries()) this.#note(some[index] as string, one, isOwn);
    }
  }

  /** For a type with several owners, the one with the newest version is right. */
  #note(reference: string, told: StoredFact | null, isOwn: boolean): void {
    const known = this.#known.get(reference);
    if (!told || (known && known.is !== "absent" && known.version >= told.version)) return;
    const { version, resource } = told;
    this.#known.set(reference, resource ? { reference, is: "living", version, resource } : { reference, is: "deleted", version });
    if (isOwn) this.#own.add(reference);
    else this.#own.delete(reference);
  }

  #refuseUnknowable(place: string): void {
    const [type] = splitPlace(place);
    const isLiving = this.#known.get(place)?.is === "living";
    const down = this.#sources.directory.known(type).find(({ alive }) => !alive);
    if (!isLiving && down) throw ownerDown(type, down.service);
  }
}

/** `Type/id` of the resources on which one depends. */
const placesUnder = (resource: Resource): Set<string> =>
  new Set(
    restReferencesOf(resource.resourceType).flatMap(({ path }) =>
      referencesAt(resource, path).flatMap(({ reference }) => localReference(reference) ?? []),
    ),
  );

/** A store's facts about the resources, in their order. */
export async function factsOf(store: Store, references: string[]): Promise<(StoredFact | null)[]> {
  const all = await store.readAll(references.map(splitPlace));
  return all.map((found) => {
    if (!found) return null;
    return found.json === undefined
      ? { version: found.version }
      : { version: found.version, resource: factOf(parseJson(found.json) as Resource) };
  });
}
