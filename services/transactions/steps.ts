/** The steps of a transaction's owners: what each entry asks of whom, once it is known what it is about. */
import { type BundleEntry, isRead } from "../../fhir/bundle/entries.ts";
import { ifMatchVersions } from "../../fhir/etag.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import type { Directory } from "../../federation/directory.ts";
import { staleVersion } from "../../federation/errors.ts";
import { type Conditions, criteriaOf, holdsOf, moveKey, movesInto } from "./conditions.ts";
import type { EntryAnswer, PlannedSteps, Share } from "./plan.ts";
import type { Target } from "./targets.ts";

/** Puts a step into an owner's share, for one entry; returns its place in the whole. */
type Put = (owner: string, step: OwnerStep, mayWait: boolean) => number;

/**
 * A resource of a shared type has one living copy in all. A step relies on where the resource was when it was planned, and fails
 * (STALE_VERSION, NOT_FOUND) if it is elsewhere by then: the transaction is planned anew.
 *
 * @throws 412 STALE_VERSION where an If-Match does not hold
 */
export function planSteps(
  entries: BundleEntry[],
  targets: Map<BundleEntry, Target>,
  conditions: Conditions,
  directory: Directory,
): PlannedSteps {
  const shares = new Map<string, Share>();
  let places = 0;
  const putFor =
    (index: number): Put =>
    (owner, step, mayWait) => {
      const share = shares.get(owner) ?? { owner, steps: [], places: [], entries: [], mayWait: false };
      shares.set(owner, share);
      share.steps.push(step);
      share.places.push(places);
      share.entries.push(index);
      share.mayWait ||= mayWait;
      places += 1;
      return places - 1;
    };
  const planned = new Set<Target>();
  const moves = new Map<string, number>();
  const reservations = new Map<number, number>();
  for (const { index, owner, step } of holdsOf(entries, targets, conditions, directory)) putFor(index)(owner, step, true);

  const answers = entries.map((entry): EntryAnswer => {
    const { method, resource, index } = entry;
    if (isRead(entry)) return { kind: "read" };
    const type = entry.type as string;
    const target = targets.get(entry);
    const ifVersion = ifMatchVersions(entry.ifMatch, `Bundle.entry[${index}].request.ifMatch`);
    if (!target) {
      if (entry.ifMatch !== undefined) throw staleEntry(0, index);
      return { kind: "nothing", type };
    }
    const { id, held } = target;
    if (method === "POST" && held) return { kind: "found", type, match: { id, updated: 0, ...held } };
    if (method === "POST" && planned.has(target)) return { kind: "found", type, match: { id, owner: "", version: 1, updated: 0 } };
    planned.add(target);
    const put = putFor(index);
    const answer = (place: number, isMove = false): EntryAnswer => ({ kind: "step", place, type, id, isMove });
    const criteria = criteriaOf(entry);
    const isLiving = held !== undefined && !held.deleted;
    const isShared = directory.isShared(type);
    if (entry.ifMatch !== undefined && !isLiving && isLocated(entry, directory)) throw staleEntry(0, index);
    // With an If-Match as well one of the two is false, whatever there is.
    if (mustBeAbsent(entry) && (isLiving || entry.ifMatch !== undefined)) throw staleEntry(held?.version ?? 0, index);

    /** What comes into being under an id, or is found nowhere, must be so with each owner: the id is held with the others until it is done. */
    const holdPlace = (owner: string): void => {
      for (const other of directory.ownersOf(type)) {
        if (other === owner) continue;
        reservations.set(put(other, { op: "delete", type, id, moved: true, ifVersion: [NONE_LIVING] }, true), held?.version ?? 0);
      }
    };

    if (method === "DELETE") {
      const seen = isShared ? [isLiving ? held.version : NONE_LIVING] : undefined;
      const owner = held?.owner ?? (directory.ownersOf(type)[0] as string);
      if (!isLiving) holdPlace(owner);
      return answer(put(owner, { op: "delete", type, id, ...atVersion(ifVersion ?? seen) }, true));
    }
    const owner = directory.ownerFor(type, resource);
    const text = JSON.stringify(resource);
    const isNamed = method === "PUT" && resource?.id !== undefined;
    if (method === "POST" || (criteria !== undefined && !held && !(isShared && isNamed))) {
      const holdsKeys = directory.known(type).some((it) => it.service === owner && it.holdsKeys);
      // Of a shared type the condition is held with every owner already.
      const ifNoneExist = criteria === undefined || isShared ? undefined : conditions.get(criteria)?.condition;
      const mayWait = holdsKeys || ifNoneExist !== undefined;
      return answer(put(owner, { op: "create", type, id, text, ...(ifNoneExist && { ifNoneExist }) }, mayWait));
    }
    if (ifVersion && held && !ifVersion.includes(held.version)) throw staleEntry(held.version, index);
    const update = { op: "update", type, id, text } as const;
    if (!isLiving && isShared) {
      holdPlace(owner);
      // Criteria that found nothing never write over what somebody has made under the id since.
      const required = criteria === undefined && !mustBeAbsent(entry) ? undefined : [NONE_LIVING];
      return answer(put(owner, { ...update, upsert: true, ...atVersion(required), ...(held && { since: held.version + 1 }) }, true));
    }
    if (!held || held.owner === owner) {
      const upsert = method === "PUT" && entry.ifMatch === undefined && !isShared;
      const required = method === "PATCH" && held ? [held.version] : mustBeAbsent(entry) ? [NONE_LIVING] : ifVersion;
      return answer(put(owner, { ...update, upsert, ...atVersion(required) }, true));
    }
    // The content has made it another owner's: it leaves the one and goes on with the other, in the same step.
    put(held.owner, { op: "delete", type, id, moved: true, ifVersion: [held.version] }, true);
    const place = put(owner, { op: "add", counter: movesInto(type), by: 1 }, true);
    if (!moves.has(moveKey(owner, type))) moves.set(moveKey(owner, type), place);
    return answer(put(owner, { ...update, upsert: true, since: held.version + 1 }, true), true);
  });
  return { shares: [...shares.values()], answers, moves, reservations };
}

/** Whether it is known if there is a resource that the entry is about; else its owner finds out. */
const isLocated = (entry: BundleEntry, directory: Directory): boolean => criteriaOf(entry) !== undefined || mustBeLocated(entry, directory);

/** Whether it must be known who holds what is under the entry's id before anybody is asked to write. */
export const mustBeLocated = (entry: BundleEntry, directory: Directory): boolean =>
  entry.ifMatch?.trim() === "*" || mustBeAbsent(entry) || directory.isShared(entry.type as string);

/** `If-None-Match: *` on an update: only what is not there is made (RFC 9110, 13.1.2). */
const mustBeAbsent = ({ method, ifNoneMatch }: BundleEntry): boolean => method === "PUT" && ifNoneMatch?.trim() === "*";

/** As a required version (store/store.ts). */
const NONE_LIVING = 0;

const atVersion = (ifVersion: number[] | undefined) => (ifVersion ? { ifVersion } : {});

const staleEntry = (version: number, index: number) => staleVersion({ version, entry: index });
