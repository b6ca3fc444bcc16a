/**
 * Reads of a transaction. They come last, after the commit (FHIR R4, http.html#trules), when nothing can be taken back any more: what
 * is known before to fail refuses the whole.
 */
import { asSystem } from "../../mesh/access/access.ts";
import { type BundleEntry, placeRead } from "../../fhir/bundle/entries.ts";
import type { Caller } from "../../mesh/caller.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import type { Directory } from "../../federation/directory.ts";
import { gone, notFound } from "../../federation/errors.ts";
import type { Target } from "./targets.ts";

/** What the bundle writes, `Type/id`, and whether it is there afterwards. */
export function writtenPlaces(writes: BundleEntry[], targets: Map<BundleEntry, Target>): Map<string, boolean> {
  const places = new Map<string, boolean>();
  for (const entry of writes) {
    const target = targets.get(entry);
    if (target) places.set(`${entry.type}/${target.id}`, entry.method !== "DELETE");
  }
  return places;
}

/**
 * @param written what the bundle itself makes and deletes
 * @throws 404 NOT_FOUND, 410 GONE with `data.entry`, for the first entry that reads by its id what will not be there
 */
export async function refuseVainReads(
  entries: BundleEntry[],
  written: Map<string, boolean>,
  { caller, directory }: { caller: Caller; directory: Directory },
): Promise<void> {
  const reads = entries.flatMap((entry) => {
    const place = placeRead(entry);
    return place && written.get(`${place.type}/${place.id}`) !== true ? [{ ...place, index: entry.index }] : [];
  });
  const stored = await storedPlaces(reads, { caller, directory });
  // Between the two commits of a move the one owner may have let go before the other was asked: look once more.
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

type Stored = { version: number; deleted: boolean };

/** What the owners have at these places, each of a shared type's owners its own. */
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
