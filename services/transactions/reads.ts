/**
 * Reads of a transaction. They are answered last, after the commit (FHIR R4, http.html#trules), when nothing can be rolled back: a read
 * that is known to fail therefore refuses the whole transaction beforehand.
 */
import { asSystem, rightsOfCaller } from "../../mesh/access/access.ts";
import { type BundleEntry, placeRead } from "../../fhir/bundle/entries.ts";
import type { Caller } from "../../mesh/caller.ts";
import { mapConcurrent } from "../../mesh/map-concurrent.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import type { Directory } from "../../federation/directory.ts";
import { gone, notFound } from "../../federation/errors.ts";
import { isSeen } from "../../federation/seen.ts";
import type { Target } from "./targets.ts";

/** By `Type/id`: whether a resource that the bundle writes exists afterwards. */
export function writtenPlaces(writes: BundleEntry[], targets: Map<BundleEntry, Target>): Map<string, boolean> {
  const places = new Map<string, boolean>();
  for (const entry of writes) {
    const target = targets.get(entry);
    if (target) places.set(`${entry.type}/${target.id}`, entry.method !== "DELETE");
  }
  return places;
}

/**
 * @param written what the bundle itself creates and deletes
 * @throws 404 NOT_FOUND, 410 GONE with `data.entry`, for the first entry that reads by id what will not exist
 */
export async function refuseImpossibleReads(
  entries: BundleEntry[],
  written: Map<string, boolean>,
  { caller, directory }: { caller: Caller; directory: Directory },
): Promise<void> {
  const reads = entries.flatMap((entry) => {
    const place = placeRead(entry);
    return place && written.get(`${place.type}/${place.id}`) !== true ? [{ ...place, index: entry.index }] : [];
  });
  await refuseUnseen(reads, { caller, directory });
  const stored = await storedPlaces(reads, { caller, directory });
  // Between the two commits of a move one owner may have released it before the other was asked: ask once more.
  const moving = reads.filter(({ type, id }) => directory.isShared(type) && !stored.has(`${type}/${id}`));
  for (const [place, versions] of await storedPlaces(moving, { caller, directory })) stored.set(place, versions);
  for (const { type, id, index } of reads) {
    const versions = stored.get(`${type}/${id}`) ?? [];
    const isLeft = written.get(`${type}/${id}`) !== false && versions.some(({ deleted }) => !deleted);
    if (isLeft) continue;
    const newest = Math.max(0, ...versions.map(({ version }) => version));
    const error = versions.length > 0 ? gone(type, id, newest) : notFound(type, id);
    Object.assign(error.data, { entry: index });
    throw error;
  }
}

/** For callers who see a part of a type only: what they do not see is refused like what does not exist. @throws 404 NOT_FOUND with `data.entry` */
async function refuseUnseen(
  reads: { type: string; id: string; index: number }[],
  mesh: { caller: Caller; directory: Directory },
): Promise<void> {
  const rights = rightsOfCaller(mesh.caller);
  await mapConcurrent(rights ? reads : [], async ({ type, id, index }) => {
    if (rights?.with(type, "r") === "all" || (await isSeen(mesh, type, id))) return;
    throw Object.assign(notFound(type, id), { data: { type, id, entry: index } });
  });
}

type Stored = { version: number; deleted: boolean };

/** The stored versions at these addresses; for a shared type each owner's. */
async function storedPlaces(
  places: { type: string; id: string }[],
  { caller, directory }: { caller: Caller; directory: Directory },
): Promise<Map<string, Stored[]>> {
  const ids = new Map<string, Set<string>>();
  for (const { type, id } of places) ids.set(type, (ids.get(type) ?? new Set()).add(id));
  const found = new Map<string, Stored[]>();
  await Promise.all(
    [...ids].flatMap(([type, some]) =>
      directory.ownersOf(type).map(async (owner) => {
        for (const version of await ownerOf(owner).versions(asSystem(caller, "transactions"), { type, ids: [...some] })) {
          const key = `${type}/${version.id}`;
          const versions = found.get(key);
          if (versions) versions.push(version);
          else found.set(key, [version]);
        }
      }),
    ),
  );
  return found;
}
