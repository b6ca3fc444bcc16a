/** Asks owners which resources refer to new ones: one call per owner for all writes that ask in one turn of the event loop. */
import type { Service } from "moleculer";
import type { WithDirectory } from "../../../federation/directory.ts";
import { isType } from "../../../federation/errors.ts";
import { MAX_FACTS, splitPlace } from "../../../federation/facts.ts";
import { type NamedResource, type Naming, namingTypes } from "../../../federation/named-resources.ts";
import { ownerOf } from "../../../federation/owner-contract.ts";
import type { Caller } from "../../../mesh/caller.ts";
import type { Store } from "../../../store/store.ts";
import { namingHere } from "./named-before.ts";

/** One call that is not sent yet, and its answer. */
interface Round {
  /** By `Type/id`: at most `MAX_FACTS`. */
  named: Map<string, NamedResource>;
  answer: Promise<Naming[]>;
}

/** The questions of one service. */
export class NamingRounds {
  readonly #asking: Service & WithDirectory & { store: Store };
  readonly #owned: ReadonlySet<string>;
  /** By owner. */
  readonly #open = new Map<string, Round>();
  /** By type, the live owners of types that may refer to it; for one generation of the directory. */
  readonly #owners = new Map<string, ReadonlySet<string>>();
  #generation = -1;

  /** @param owned the types of the service that asks */
  constructor(asking: Service & WithDirectory & { store: Store }, owned: ReadonlySet<string>) {
    this.#asking = asking;
    this.#owned = owned;
  }

  /** Asks the owners that are up; references from a store that is down are found by `npm run check-data`. */
  async ask(caller: Caller, named: NamedResource[]): Promise<Naming[]> {
    const answers = await Promise.all([...this.#byOwner(named)].map(([owner, some]) => this.#askOwner(caller, owner, some)));
    return answers.flat();
  }

  /** Sends to each owner what its types may refer to. */
  #byOwner(named: NamedResource[]): Map<string, NamedResource[]> {
    const wanted = new Map<string, NamedResource[]>();
    for (const [type, some] of Map.groupBy(named, ({ place }) => splitPlace(place)[0])) {
      for (const owner of this.#ownersNaming(type)) {
        wanted.set(owner, [...(wanted.get(owner) ?? []), ...some]);
      }
    }
    return wanted;
  }

  #ownersNaming(type: string): ReadonlySet<string> {
    const { directory } = this.#asking;
    if (directory.generation !== this.#generation) this.#owners.clear();
    this.#generation = directory.generation;
    const entries = this.#owners.has(type) ? [] : namingTypes(type).flatMap((one) => directory.known(one.type));
    const owners = this.#owners.get(type) ?? new Set(entries.flatMap(({ service, alive }) => (alive ? [service] : [])));
    this.#owners.set(type, owners);
    return owners;
  }

  async #askOwner(caller: Caller, owner: string, named: NamedResource[]): Promise<Naming[]> {
    const found: Naming[] = [];
    for (let from = 0; from < named.length; from += MAX_FACTS) {
      const some = named.slice(from, from + MAX_FACTS);
      const places = new Set(some.map(({ place }) => place));
      const answer = await this.#inRound(caller, owner, some);
      found.push(...answer.filter(({ place }) => places.has(place)));
    }
    return found;
  }

  #inRound(caller: Caller, owner: string, named: NamedResource[]): Promise<Naming[]> {
    const open = this.#open.get(owner);
    if (!open || !fits(open, named)) return this.#begin(caller, owner, named).answer;
    for (const one of named) open.named.set(one.place, one);
    // An error of another caller, such as the end of its time, need not apply to this one.
    return open.answer.catch(() => this.#askNow(caller, owner, named));
  }

  #begin(caller: Caller, owner: string, first: NamedResource[]): Round {
    const named = new Map(first.map((one) => [one.place, one]));
    const answer = new Promise(setImmediate).then(() => {
      if (this.#open.get(owner) === round) this.#open.delete(owner);
      return this.#askNow(caller, owner, [...named.values()]);
    });
    const round: Round = { named, answer };
    this.#open.set(owner, round);
    return round;
  }

  /** The own store needs no call. An owner that has left, or is of an older version, contributes nothing. */
  async #askNow(caller: Caller, owner: string, named: NamedResource[]): Promise<Naming[]> {
    if (owner === this.#asking.name) return namingHere(this.#asking, named, this.#owned);
    try {
      return await ownerOf(owner).naming(caller, { named });
    } catch (error) {
      if (isType(error, "SERVICE_NOT_FOUND") || isType(error, "SERVICE_NOT_AVAILABLE")) return [];
      throw error;
    }
  }
}

/** A resource that is to get two different patients at once is asked about twice. */
const fits = ({ named }: Round, more: NamedResource[]): boolean =>
  named.size + more.length <= MAX_FACTS && !more.some(({ place }) => named.has(place));
