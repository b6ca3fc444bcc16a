/** Finds the resources that depend on what is deleted, at all owners, once none of them accepts new references to it (docs/adr/0020). */
import type { Service } from "moleculer";
import { meshTime } from "../../../mesh/mesh-time.ts";
import { anyOfValues } from "../../../fhir/search/exact-clauses.ts";
import { ACT_REFERENCES, restingOn } from "../../../federation/act-references.ts";
import type { Directory } from "../../../federation/directory.ts";
import { ownerDown } from "../../../federation/errors.ts";
import { ownerOf, type Resting } from "../../../federation/owner-contract.ts";
import type { Caller } from "../../../mesh/caller.ts";
import type { VersionReference, Store } from "../../../store/store.ts";
import { ownedOf } from "./owned-types.ts";

/** Dependents of one resource that a refusal names. */
const MAX_NAMED = 5;
/** Duration of a fence: longer than facts are valid (`FACTS_VALID_MS`) plus the longest wait of their write in its store. Milliseconds. */
const FENCED_MS = 15_000;
/**
 * Duration of a fence for a transaction: longer than until it is decided and its owner knows of it, also if a journal had to be asked
 * (`DECIDE_AFTER_MS` in recovery.ts). Milliseconds.
 */
export const FENCED_BY_TX_MS = 60_000;

/** The resources of one owner that depend on the given ones. Fences are set first, so that no later write is missed. @param owned its types */
export async function restingHere(
  { store, broker }: Service & { store: Store },
  places: VersionReference[],
  { owned, token, tx }: { owned: ReadonlySet<string>; token: string; tx: string | undefined },
): Promise<Resting[]> {
  const isAct = places.some((place) => ownedOf(owned, restingOn(place.type)).some(({ type }) => ACT_REFERENCES[type] !== undefined));
  // Without a transporter this process is the whole mesh and has its data to itself.
  const expiresAt = meshTime.now() + (tx === undefined ? FENCED_MS : FENCED_BY_TX_MS);
  if (isAct) await store.fence(places, { token, expiresAt }, { isAlone: !broker.transit, ...(tx !== undefined && { tx }) });
  const found = new Map<string, Resting>();
  for (const [type, some] of Map.groupBy(places, (place) => place.type)) {
    const references = some.map(({ id }) => `${type}/${id}`);
    const types = ownedOf(owned, restingOn(type));
    if (types.length === 0) continue;
    // Usually there are none: then the types need not be queried one by one.
    const rested = await store.referredTo(types, references);
    for (const { type: by, slots } of rested.length > 0 ? types : []) {
      for (const place of await store.joinKeysAmong({ type: by, clauses: [], slots, among: rested })) {
        const clauses = [anyOfValues(slots, [place])];
        const { rows } = await store.search({ type: by, clauses, sort: [], want: "ids", limit: MAX_NAMED });
        const known = found.get(place) ?? { place, by: [] };
        found.set(place, known);
        known.by.push(...rows.map(({ id }) => `${by}/${id}`));
      }
    }
  }
  return [...found.values()];
}

/** The owners of types that may depend on a type. */
interface DependentOwners {
  /** Names of those that are up. */
  alive: ReadonlySet<string>;
  /** The first that is down, and its type. */
  down: { type: string; service: string } | undefined;
}

/** By directory: the owners by type, for one generation of it. */
const dependentOwners = new WeakMap<Directory, { generation: number; byType: Map<string, DependentOwners> }>();

/** Cached: each deletion asks for them. */
function ownersOfDependents(directory: Directory, type: string): DependentOwners {
  let cache = dependentOwners.get(directory);
  if (!cache || cache.generation !== directory.generation) cache = { generation: directory.generation, byType: new Map() };
  dependentOwners.set(directory, cache);
  const known = cache.byType.get(type);
  if (known) return known;
  const owners = restingOn(type).flatMap(({ type: by }) => directory.known(by).map((owner) => ({ ...owner, type: by })));
  const found = {
    alive: new Set(owners.flatMap(({ service, alive }) => (alive ? [service] : []))),
    down: owners.find(({ alive }) => !alive),
  };
  cache.byType.set(type, found);
  return found;
}

/** The names of the owners of types that may depend on one of the resources. @throws 503 OWNER_DOWN when one of them is down */
function ownersToAsk(directory: Directory, places: VersionReference[]): string[] {
  const asked = new Set<string>();
  for (const type of new Set(places.map((place) => place.type))) {
    const { alive, down } = ownersOfDependents(directory, type);
    if (down) throw ownerDown(down.type, down.service);
    for (const owner of alive) asked.add(owner);
  }
  return [...asked].sort();
}

/** What one write is about to delete, and the token of its fences: a UUID. */
export interface Fenced {
  places: VersionReference[];
  token: string;
}

/** Fences what is to be deleted at all owners whose resources may depend on it. @returns the dependents, by `Type/id` */
export async function fenceAndAsk(
  { caller, directory }: { caller: Caller; directory: Directory },
  { places, token }: Fenced,
  tx?: string,
): Promise<Map<string, string[]>> {
  const resting = new Map<string, string[]>();
  const owners = ownersToAsk(directory, places);
  const answers = await Promise.all(
    owners.map((owner) => ownerOf(owner).fence(caller, { places, token, ...(tx !== undefined && { tx }) })),
  );
  for (const { place, by } of answers.flat()) resting.set(place, [...(resting.get(place) ?? []), ...by]);
  return resting;
}

/** Removes fences: what was not deleted may be referred to again. Fences at an owner that cannot be reached expire by themselves. */
export async function unfence({ caller, directory }: { caller: Caller; directory: Directory }, { places, token }: Fenced): Promise<void> {
  const owners = new Set(places.flatMap(({ type }) => [...ownersOfDependents(directory, type).alive]));
  await Promise.allSettled([...owners].map((owner) => ownerOf(owner).unfence(caller, { places, token }, { timeout: 2_000, retries: 0 })));
}
