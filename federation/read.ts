/** Reads over all owners of a type: a resource of a type with several owners may be with any of them. */
import type { StoredResource } from "../store/store.ts";
import { ownerOf, type ShownResource } from "./owner-contract.ts";
import type { Directory } from "./directory.ts";
import { gone, isType, notFound, ownerDown, versionNotFound } from "./errors.ts";
import type { QueryContext } from "./query-context.ts";
import { asksForAuthors } from "./version-authors.ts";
import { provenanceOf, versionOfProvenance } from "./version-provenance.ts";

/**
 * The current version, and its owner.
 * @throws 404 NOT_FOUND, 410 GONE, 404 NOT_SUPPORTED, 503 OWNER_DOWN when none of the available owners has it and one is down
 */
export async function readResource(mesh: QueryContext, type: string, id: string): Promise<HeldResource & { json: string }> {
  const made = madeProvenance(mesh, type, id);
  const shown = made && (await made);
  if (shown) return shown;
  let found = await newest(mesh, type, id);
  // Between the two commits of a move, one owner may have released it before the other was asked: read once more.
  if (!found && mesh.directory.isShared(type)) found = await newest(mesh, type, id);
  if (!found) {
    const [down] = mesh.directory.downOf(type);
    if (down !== undefined) throw ownerDown(type, down);
    throw notFound(type, id);
  }
  if (!isLiving(found)) throw gone(type, id, found.version);
  return found;
}

type HeldResource = ShownResource & { owner: string };

const isLiving = (found: HeldResource): found is HeldResource & { json: string } => found.json !== undefined;

async function newest({ caller, directory }: QueryContext, type: string, id: string): Promise<HeldResource | null> {
  const owners = liveOwners(directory, type);
  const [first, ...others] = owners.map((owner) => ownerOf(owner).read(caller, { type, id }));
  const answers = others.length > 0 ? await Promise.all([first, ...others]) : [await first];
  let best: HeldResource | null = null;
  answers.forEach((stored, index) => {
    if (stored && (!best || stored.version > best.version)) best = { ...stored, owner: owners[index] as string };
  });
  return best;
}

/** The Provenance derived from a version's author; undefined if the id is of another kind, or there is no such version that may be seen. */
function madeProvenance(mesh: QueryContext, type: string, id: string): Promise<(HeldResource & { json: string }) | undefined> | undefined {
  const place = asksForAuthors(mesh, type) ? versionOfProvenance(id) : undefined;
  if (!place || mesh.directory.known(place.type).length === 0) return undefined;
  return readVersion(mesh, place.type, place.id, place.version).then(
    (found) => {
      const json = JSON.stringify(provenanceOf(found));
      return { type, id, version: 1, updated: found.updated, method: "create" as const, json, owner: "" };
    },
    (error: unknown) => nullIfNotFound(error) ?? undefined,
  );
}

/** One version of a resource; a deletion is returned without json. @throws 404 */
export async function readVersion(mesh: QueryContext, type: string, id: string, version: number): Promise<StoredResource> {
  const { caller, directory } = mesh;
  const made = version === 1 ? await madeProvenance(mesh, type, id) : undefined;
  if (made) return made;
  const owners = liveOwners(directory, type);
  const answers = await Promise.all(owners.map((owner) => ownerOf(owner).readVersion(caller, { type, id, version }).catch(nullIfNotFound)));
  const found = answers.find((it) => it !== null);
  if (found) return found;
  const [down] = directory.downOf(type);
  if (down !== undefined) throw ownerDown(type, down);
  throw versionNotFound(type, id, version);
}

function nullIfNotFound(error: unknown): null {
  if (isType(error, "NOT_FOUND")) return null;
  throw error;
}

/** The available owners. @throws 404 when the type has no owner, 503 when none of them is alive */
function liveOwners(directory: Directory, type: string): string[] {
  const known = directory.known(type);
  const live = known.filter((owner) => owner.alive).map((owner) => owner.service);
  return live.length > 0 ? live : directory.ownersOf(type);
}
