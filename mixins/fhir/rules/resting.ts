/** Finds the resources that depend on what is deleted, at all owners, once none of them accepts new references to it (docs/adr/0020). */
import type { Service } from "moleculer";
import { anyOfValues } from "../../../fhir/search/exact-clauses.ts";
import { ACT_REFERENCES, restingOn } from "../../../federation/act-references.ts";
import type { Directory } from "../../../federation/directory.ts";
import { ownerDown } from "../../../federation/errors.ts";
import { ownerOf, type Resting } from "../../../federation/owner-contract.ts";
import type { Caller } from "../../../mesh/caller.ts";
import type { VersionReference, Store } from "../../../store/store.ts";

/** Dependents of one resource that a refusal names. */
const MAX_NAMED = 5;
/** Duration of a fence: longer than facts are valid (`FACTS_VALID_MS`) plus the longest wait of their write in its store. Milliseconds. */
const FENCED_MS = 15_000;
/**
 * Duration of a fence for a transaction: longer than until it is decided and its owner knows of it, also if a journal had to be asked
 * (`DECIDE_AFTER_MS` in recovery.ts). Milliseconds.
 */
export const FENCED_BY_TX_MS = 60_000;

/** The resources of one owner that depend on the given ones. Fences are set first, so that no later write is missed. */
export async function restingHere(
  { store, broker }: Service & { store: Store },
  places: VersionReference[],
  { owns, token, tx }: { owns(type: string): boolean; token: string; tx: string | undefined },
): Promise<Resting[]> {
  const isAct = places.some(({ type }) => restingOn(type).some(({ by }) => owns(by) && ACT_REFERENCES[by] !== undefined));
  // Without a transporter this process is the whole mesh and has its data to itself.
  const expiresAt = Date.now() + (tx === undefined ? FENCED_MS : FENCED_BY_TX_MS);
  if (isAct) await store.fence(places, { token, expiresAt }, { isAlone: !broker.transit, ...(tx !== undefined && { tx }) });
  const found = new Map<string, Resting>();
  for (const [type, some] of Map.groupBy(places, (place) => place.type)) {
    const references = some.map(({ id }) => `${type}/${id}`);
    const types = restingOn(type).filter(({ by }) => owns(by));
    if (types.length === 0) continue;
    // Usually there are none: then the types need not be queried one by one.
    const rested = await store.referredTo(
      types.map(({ by, slots }) => ({ type: by, slots })),
      references,
    );
    for (const { by, slots } of rested.length > 0 ? types : []) {
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

/** The owners of types that may depend on one of the resources. @throws 503 OWNER_DOWN when one of them is down */
function ownersToAsk(directory: Directory, places: VersionReference[]): string[] {
  const types = new Set(places.flatMap(({ type }) => restingOn(type).map(({ by }) => by)));
  const owners = [...types].flatMap((type) =>
    directory.known(type).map(({ service, alive }) => {
      if (!alive) throw ownerDown(type, service);
      return service;
    }),
  );
  return [...new Set(owners)].sort();
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
  const types = new Set(places.flatMap(({ type }) => restingOn(type).map(({ by }) => by)));
  const owners = new Set([...types].flatMap((type) => directory.known(type).flatMap(({ service, alive }) => (alive ? [service] : []))));
  await Promise.allSettled([...owners].map((owner) => ownerOf(owner).unfence(caller, { places, token }, { timeout: 2_000, retries: 0 })));
}
