/**
 * Plans a transaction from its entries: assigns ids, looks up conditions, replaces links, groups steps by owner
 * (FHIR R4, http.html#trules).
 */
import { accessOf, asSystem, notAllowed, outsideOfPart } from "../../mesh/access/access.ts";
import { type BundleEntry, isRead } from "../../fhir/bundle/entries.ts";
import { mayHaveLabels, withLabelsOf } from "../../fhir/labels.ts";
import { budgetOf } from "../../fhir/expressions/budget.ts";
import { parseInput, parseJson } from "../../fhir/json.ts";
import { FhirError } from "../../fhir/outcome.ts";
import { localReferences } from "../../fhir/bundle/replace-links.ts";
import { applyPatch, patchText } from "../../fhir/patch/index.ts";
import type { Resource } from "../../fhir/resource.ts";
import { brokerOf, type Caller, workOf } from "../../mesh/caller.ts";
import type { StepResult, VersionOf } from "../../federation/owner-contract.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import type { Directory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { readResource } from "../../federation/read.ts";
import { WriteConflict } from "../../federation/retry-on-conflict.ts";
import { mapConcurrent } from "../../mesh/map-concurrent.ts";
import { matchesClauses } from "../../fhir/search/matches-clauses.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import type { TransactionPlan } from "./plan.ts";
import { planSteps, mustBeLocated } from "./plan-steps.ts";
import type { Target } from "./targets.ts";
import { type Conditions, criteriaOf, movesOf, refuseOwnMatches, refuseSharedTargets, refused, watchedTypes } from "./conditions.ts";
import {
  conditionalReferencesOf,
  linkConditional,
  matchesToKnow,
  refuseBrokenLinks,
  rewriteLinks,
  rewriteLinksInPatched,
} from "./linking.ts";
import { type MeshOf, resolveAll, resolveTargets } from "./resolving.ts";
import { requireRights, withoutUnseen } from "./permitted.ts";
import { refuseImpossibleReads, writtenPlaces } from "./reads.ts";

/** @throws FhirError 400, 412; 404 and 503 of the directory */
export async function planTransaction(
  entries: BundleEntry[],
  { keepsLabels, isAlone, ...mesh }: MeshOf & { keepsLabels: boolean; isAlone: boolean; bases: string[] },
): Promise<TransactionPlan> {
  const { caller, directory, bases } = mesh;
  requireRights(entries, caller);
  const writes = entries.filter((entry) => !isRead(entry));
  const watched = watchedTypes(writes, directory);
  const [{ conditions, targets }, before] = await Promise.all([
    resolveTargets(writes, mesh, isAlone),
    movesOf(watched, { caller, directory }),
  ]);
  refuseSharedTargets(writes, targets);
  await withoutUnseen(writes, targets, { caller, directory });
  await Promise.all([
    locate(writes, targets, { caller, directory }),
    refuseImpossibleReads(entries, writtenPlaces(writes, targets), { caller, directory }),
  ]);
  await refuseTakenIds(writes, targets, conditions, { caller, directory });
  rewriteLinks(writes, targets);
  if (!isAlone) refuseBrokenLinks(writes);
  await applyPatches(writes, targets, { caller, directory, bases });
  await linkToOthers(writes, targets, conditions, mesh);
  refuseOwnMatches(writes, targets, conditions);
  await readMoving(writes, targets, { caller, directory, keepsLabels });
  const { moves: own, reservations, ...plan } = planSteps(entries, targets, { conditions, directory, keepsLabels });
  if (watched.length === 0 && reservations.size === 0) return plan;
  const confirm = async (results: StepResult[]): Promise<boolean> => {
    // The resource was created and deleted there since: its next version would be one that exists.
    if ([...reservations].some(([place, known]) => (results[place]?.version ?? 0) > known)) return false;
    const now = await movesOf(watched, { caller, directory }, new Set(own.keys()));
    // Moves of this transaction block others into the same counter since the prepare: its own step tells how many came before.
    for (const [key, place] of own) now.set(key, (results[place]?.value ?? 0) - 1);
    return [...before].every(([key, count]) => now.get(key) === count);
  };
  return { ...plan, confirm };
}

/** Resolves conditional references after everything else, on the resources as they will be, including those that a patch has added. */
async function linkToOthers(writes: BundleEntry[], targets: Map<BundleEntry, Target>, conditions: Conditions, mesh: MeshOf): Promise<void> {
  if (writes.some(({ method }) => method === "PATCH")) rewriteLinksInPatched(writes, targets);
  const references = conditionalReferencesOf(writes);
  if (references.size === 0) return;
  const all = [...references.values()].flatMap((some) => [...some]);
  const found = new Map([...conditions, ...(await resolveAll(all, matchesToKnow(writes, all), mesh, conditions))]);
  linkConditional(writes, targets, found, references);
}

/**
 * Finds the holders of resources that are named by id, where they must be known before the owners are called: resources of
 * shared types move with their content.
 */
async function locate(
  writes: BundleEntry[],
  targets: Map<BundleEntry, Target>,
  { caller, directory }: { caller: Caller; directory: Directory },
): Promise<void> {
  const open = writes.filter(
    (entry) =>
      entry.method !== "POST" &&
      targets.has(entry) &&
      targets.get(entry)?.held === undefined &&
      idOf(entry) !== undefined &&
      mustBeLocated(entry, directory),
  );
  for (const type of new Set(open.map((entry) => entry.type as string))) {
    const ofType = open.filter((entry) => entry.type === type);
    const ids = ofType.map((entry) => idOf(entry) as string);
    const owners = directory.ownersOf(type);
    const found = await Promise.all(owners.map((owner) => ownerOf(owner).versions(asSystem(caller, "transactions"), { type, ids })));
    const held = newestById(owners, found);
    for (const [index, entry] of ofType.entries()) (targets.get(entry) as Target).held = held.get(ids[index] as string);
  }
}

/**
 * Criteria that match nothing create a resource under the client's id, even a deleted one, but never over a living one.
 * @throws FhirError 409; WriteConflict if the living one matches the criteria by now
 */
async function refuseTakenIds(
  writes: BundleEntry[],
  targets: Map<BundleEntry, Target>,
  conditions: Conditions,
  mesh: { caller: Caller; directory: Directory },
): Promise<void> {
  for (const entry of writes) {
    const criteria = criteriaOf(entry);
    const found = criteria === undefined ? undefined : conditions.get(criteria);
    const target = targets.get(entry);
    if (!found || found.matches.length > 0 || !target?.held || target.held.deleted) continue;
    const type = entry.type as string;
    const taken = refused(409, `The id ${target.id} is taken.`, entry.index, "duplicate");
    if (!seesAll(mesh.caller, type)) throw taken; // who may only search cannot read it, however often it is planned again
    const { id, updated, json } = await readHeld(mesh, type, target.id);
    if (matchesClauses(found.condition.clauses, { id, updated, index: indexOf(parseJson(json)) })) throw new WriteConflict();
    throw taken;
  }
}

/**
 * Keys of what an entry writes and others may be writing: criteria and id. A conditional create has none: after one of them has
 * created the resource, the others only find it.
 */
export function conflictKeysOf(entry: BundleEntry): string[] {
  if (isRead(entry) || entry.method === "POST") return [];
  const [criteria, id] = [criteriaOf(entry), idOf(entry)];
  return [...(criteria === undefined ? [] : [criteria]), ...(id === undefined ? [] : [`${entry.type}/${id}`])];
}

/** The id that the client chose: in the URL, or in the body of a conditional update. */
const idOf = ({ id, method, resource }: BundleEntry): string | undefined => id ?? (method === "PUT" ? resource?.id : undefined);

/** By id: the owner with the newest version. */
function newestById(owners: string[], found: VersionOf[][]): Map<string, NonNullable<Target["held"]>> {
  const best = new Map<string, NonNullable<Target["held"]>>();
  for (const [index, versions] of found.entries()) {
    for (const { id, version, deleted } of versions) {
      const known = best.get(id);
      if (!known || version > known.version) best.set(id, { owner: owners[index] as string, version, deleted });
    }
  }
  return best;
}

/**
 * Turns a PATCH into the corresponding update, on the version that was read: `entry.resource` is the patched resource.
 * @throws FhirError 404, 400, 422, and 404, 410 of the owner, with the index of the entry
 */
async function applyPatches(
  writes: BundleEntry[],
  targets: Map<BundleEntry, Target>,
  { bases, ...mesh }: { caller: Caller; directory: Directory; bases: string[] },
): Promise<void> {
  const patches = writes.filter((entry) => entry.method === "PATCH");
  const budget = budgetOf(workOf(mesh.caller));
  await mapConcurrent(patches, async (entry) => {
    const target = targets.get(entry);
    if (!target) throw refused(404, "No resource matches the criteria of the patch.", entry.index, "not-found");
    try {
      const { owner, version, json } = await readResource(mesh, entry.type as string, target.id);
      const patched = await applyPatch(parseJson(json) as Resource, parseInput(patchText(entry.resource as Resource)), budget);
      entry.resource = bases.length === 0 ? patched : (parseJson(localReferences(JSON.stringify(patched), bases)) as Resource);
      target.held = { owner, version, deleted: false, json };
    } catch (error) {
      throw ofEntry(error, entry.index);
    }
  });
}

/**
 * Reads resources that move to another owner: that owner's rules need the text, and tags and security labels move
 * with the resource.
 */
async function readMoving(
  writes: BundleEntry[],
  targets: Map<BundleEntry, Target>,
  { keepsLabels, ...mesh }: { caller: Caller; directory: Directory; keepsLabels: boolean },
): Promise<void> {
  const moving = writes.filter((entry) => {
    const held = targets.get(entry)?.held;
    return (
      (entry.method === "PUT" || entry.method === "PATCH") &&
      held &&
      !held.deleted &&
      held.owner !== mesh.directory.ownerFor(entry.type as string, entry.resource)
    );
  });
  await mapConcurrent(moving, async (entry) => {
    const target = targets.get(entry) as Target;
    const { owner, version, json } = await readHeld(mesh, entry.type as string, target.id).catch((error: unknown) => {
      throw seesAll(mesh.caller, entry.type as string) ? error : notAllowed(outsideOfPart("update", entry.type as string));
    });
    if (target.held?.version !== version || target.held.owner !== owner) throw new WriteConflict();
    target.held.json = json;
    if (keepsLabels && mayHaveLabels(json)) entry.resource = withLabelsOf(parseJson(json) as Resource, entry.resource as Resource);
  });
}

/** Whether resources of a type that the caller cannot read do not exist for it. */
function seesAll(caller: Caller, type: string): boolean {
  const access = accessOf(brokerOf(caller));
  return access.isOpen || access.rightsOf(access.identityOf(caller)).with(type, "r") === "all";
}

/** Reads a resource that was just located. @throws WriteConflict if it has been deleted since, or is moving between two owners */
async function readHeld(mesh: { caller: Caller; directory: Directory }, type: string, id: string) {
  try {
    return await readResource(mesh, type, id);
  } catch (error) {
    if (isType(error, "GONE") || isType(error, "NOT_FOUND")) throw new WriteConflict();
    throw error;
  }
}

/** The error with the index of its entry. */
function ofEntry(error: unknown, index: number): unknown {
  if (error instanceof FhirError) {
    return new FhirError(
      error.status,
      error.issues.map((issue) => ({ ...issue, expression: [`Bundle.entry[${index}].resource`] })),
    );
  }
  const { data } = error as { data?: { entry?: number } };
  if (data) data.entry = index;
  return error;
}
