/** Plans the steps of a transaction's owners from its entries, once their targets are known. */
import { type BundleEntry, isRead } from "../../fhir/bundle/entries.ts";
import { areFulfilled, NONE_LIVING, type Preconditions, preconditionsOf, requiredVersions } from "../../fhir/preconditions.ts";
import type { Resource } from "../../fhir/resource.ts";
import type { Directory } from "../../federation/directory.ts";
import { staleVersion } from "../../federation/errors.ts";
import { hasFacts, factBesideDeletions, factOf } from "../../federation/facts.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import { movesInto, movesOutOf } from "../../federation/moves.ts";
import { type Conditions, criteriaOf, holdsOf, moveKey } from "./conditions.ts";
import type { EntryAnswer, PlannedSteps, Share } from "./plan.ts";
import type { Target } from "./targets.ts";

/**
 * A resource of a shared type has one living copy among its owners. A step relies on the owner that held it at the time of planning, and fails
 * (STALE_VERSION, NOT_FOUND) if it has moved since: then the transaction is planned again.
 *
 * @throws 412 STALE_VERSION if an If-Match does not hold
 */
export function planSteps(
  entries: BundleEntry[],
  targets: Map<BundleEntry, Target>,
  { conditions, directory, keepsLabels }: { conditions: Conditions; directory: Directory; keepsLabels: boolean },
): PlannedSteps {
  const steps = new StepsByOwner();
  const planner = new StepPlanner(steps, {
    conditions,
    directory,
    keepsLabels,
    hasDeletions: entries.some(({ method }) => method === "DELETE"),
  });
  const planned = new Set<Target>();
  const answerOf = (entry: BundleEntry): EntryAnswer => {
    if (isRead(entry)) return { kind: "read" };
    const type = entry.type as string;
    const target = targets.get(entry);
    if (!target) {
      if (entry.ifMatch !== undefined) throw staleEntry(NONE_LIVING, entry.index);
      return { kind: "nothing", type };
    }
    const { id, held } = target;
    if (entry.method === "POST" && held) return { kind: "found", type, match: { id, updated: 0, ...held } };
    // The same conditional create twice in one bundle is one resource.
    if (entry.method === "POST" && planned.has(target)) return { kind: "found", type, match: { id, owner: "", version: 1, updated: 0 } };
    planned.add(target);
    return planner.plan({ entry, index: entry.index, type, id, held });
  };
  // Deletions come first (R4, http.html#trules): a conditional create does not find what they remove.
  const deletions = new Map(entries.filter(({ method }) => method === "DELETE").map((entry) => [entry, answerOf(entry)]));
  const holds = holdsOf(entries, targets, conditions, directory);
  for (const { index, owner, step } of holds) steps.put(index, owner, step, true);
  const answers = entries.map((entry) => deletions.get(entry) ?? answerOf(entry));
  const { moves, reservations } = planner;
  return { shares: steps.shares, answers, moves, reservations };
}

/** Collects steps, in one share for each owner. */
class StepsByOwner {
  readonly #shares = new Map<string, Share>();
  #places = 0;

  get shares(): Share[] {
    return [...this.#shares.values()];
  }

  /** Notes what a step of the owner makes of a resource; null: deletes it. */
  note(owner: string, reference: string, resource: Resource | null): void {
    const share = this.#shares.get(owner);
    if (share) share.made[reference] = resource;
  }

  /** Adds a step for an entry. @param mayWait another transaction may delay it @returns its place among all steps */
  put(index: number, owner: string, step: OwnerStep, mayWait: boolean): number {
    const share = this.#shares.get(owner) ?? { owner, steps: [], places: [], entries: [], made: {}, mayWait: false };
    this.#shares.set(owner, share);
    share.steps.push(step);
    share.places.push(this.#places);
    share.entries.push(index);
    share.mayWait ||= mayWait;
    this.#places += 1;
    return this.#places - 1;
  }
}

/** An entry that writes, with its target. */
interface Writing {
  entry: BundleEntry;
  index: number;
  type: string;
  id: string;
  held: Target["held"];
}

/** Plans the steps of one entry after the other. */
class StepPlanner {
  /** By owner and counter: the place of the first step that counts a move into it. */
  readonly moves = new Map<string, number>();
  /** By place of a step that holds an id at an owner without the resource: the newest version known there. */
  readonly reservations = new Map<number, number>();
  readonly #steps: StepsByOwner;
  readonly #conditions: Conditions;
  readonly #directory: Directory;
  readonly #keepsLabels: boolean;
  readonly #hasDeletions: boolean;

  constructor(
    steps: StepsByOwner,
    {
      conditions,
      directory,
      keepsLabels,
      hasDeletions,
    }: { conditions: Conditions; directory: Directory; keepsLabels: boolean; hasDeletions: boolean },
  ) {
    this.#steps = steps;
    this.#conditions = conditions;
    this.#directory = directory;
    this.#keepsLabels = keepsLabels;
    this.#hasDeletions = hasDeletions;
  }

  plan(writing: Writing): EntryAnswer {
    const { entry, index, held } = writing;
    // A create has If-None-Exist instead (R4, http.html#ccreate).
    const { ifMatch, ifNoneMatch } = entry;
    const given = { ifMatch, ...(entry.method !== "POST" && { ifNoneMatch }) };
    const preconditions = preconditionsOf(given, `Bundle.entry[${index}]`);
    const version = held && !held.deleted ? held.version : NONE_LIVING;
    const isKnown = held !== undefined || isLocated(entry, this.#directory);
    // An unknown version is checked by the owner.
    if ((isKnown || preconditions.mustBeAbsent) && !areFulfilled(preconditions, version)) {
      throw staleEntry(held?.version ?? NONE_LIVING, index);
    }
    if (entry.method === "DELETE") return this.#delete(writing, preconditions);
    const owner = this.#directory.ownerFor(writing.type, entry.resource);
    return this.#isCreation(writing) ? this.#create(writing, owner) : this.#update(writing, owner, preconditions);
  }

  #delete(writing: Writing, preconditions: Preconditions): EntryAnswer {
    const { type, id, held } = writing;
    const isLiving = held !== undefined && !held.deleted;
    const seen = this.#directory.isShared(type) ? [isLiving ? held.version : NONE_LIVING] : undefined;
    const owner = held?.owner ?? (this.#directory.ownersOf(type)[0] as string);
    if (!isLiving) this.#reserve(writing, owner);
    return this.#put(writing, owner, { op: "delete", type, id, ...atVersion(requiredVersions(preconditions) ?? seen) });
  }

  #create(writing: Writing, owner: string): EntryAnswer {
    const { entry, type, id } = writing;
    const criteria = criteriaOf(entry);
    const holdsKeys = this.#directory.known(type).some((it) => it.service === owner && it.holdsKeys);
    // For a shared type the condition is already held with every owner.
    const isHeld = criteria === undefined || this.#directory.isShared(type);
    const ifNoneExist = isHeld ? undefined : this.#conditions.get(criteria)?.condition;
    const step: OwnerStep = { op: "create", type, id, text: textOf(entry), ...(ifNoneExist && { ifNoneExist }) };
    return this.#put(writing, owner, step, holdsKeys || ifNoneExist !== undefined);
  }

  #update(writing: Writing, owner: string, preconditions: Preconditions): EntryAnswer {
    const { entry, type, id, held } = writing;
    const isShared = this.#directory.isShared(type);
    const isPut = this.#keepsLabels && entry.method === "PUT";
    const update = { op: "update", type, id, text: textOf(entry), ...(isPut && { keepsLabels: true }) } as const;
    if (isShared && (!held || held.deleted)) {
      this.#reserve(writing, owner);
      // Criteria that matched nothing never overwrite what has been created under the id since.
      const required = criteriaOf(entry) === undefined && !preconditions.mustBeAbsent ? undefined : [NONE_LIVING];
      return this.#put(writing, owner, { ...update, upsert: true, ...atVersion(required), ...(held && { since: held.version + 1 }) });
    }
    if (held && held.owner !== owner) return this.#move(writing, held, owner, update);
    const upsert = entry.method === "PUT" && entry.ifMatch === undefined && !isShared;
    const required = entry.method === "PATCH" && held ? [held.version] : requiredVersions(preconditions);
    return this.#put(writing, owner, { ...update, upsert, ...atVersion(required) });
  }

  /** Moves a resource whose new content belongs to another owner: it leaves the one and continues at the other, in one transaction. */
  #move(
    writing: Writing,
    held: NonNullable<Target["held"]>,
    owner: string,
    update: Pick<Extract<OwnerStep, { op: "update" }>, "op" | "type" | "id" | "text" | "keepsLabels">,
  ): EntryAnswer {
    const { index, type, id } = writing;
    // Both owners see the state before and after, so that a move bypasses neither's rules.
    const leave: OwnerStep = { op: "delete", type, id, moved: true, ifVersion: [held.version], becomes: update.text };
    this.#steps.put(index, held.owner, leave, true);
    this.#steps.put(index, held.owner, { op: "add", counter: movesOutOf(type), by: 1 }, true);
    const place = this.#steps.put(index, owner, { op: "add", counter: movesInto(type), by: 1 }, true);
    if (!this.moves.has(moveKey(owner, type))) this.moves.set(moveKey(owner, type), place);
    const arrive: OwnerStep = { ...update, upsert: true, since: held.version + 1, ...(held.json !== undefined && { was: held.json }) };
    return { ...this.#put(writing, owner, arrive), isMove: true };
  }

  /** Holds an id that is created, or was found nowhere, with every other owner until the transaction ends. */
  #reserve({ index, type, id, held }: Writing, owner: string): void {
    for (const other of this.#directory.ownersOf(type)) {
      if (other === owner) continue;
      const place = this.#steps.put(index, other, { op: "delete", type, id, moved: true, ifVersion: [NONE_LIVING] }, true);
      this.reservations.set(place, held?.version ?? NONE_LIVING);
    }
  }

  #put({ entry, index, type, id }: Writing, owner: string, step: OwnerStep, mayWait = true): Extract<EntryAnswer, { kind: "step" }> {
    const place = this.#steps.put(index, owner, step, mayWait);
    const told = step.op === "delete" ? null : this.#factOf(type, entry.resource as Resource);
    if (told !== undefined) this.#steps.note(owner, `${type}/${id}`, told);
    return { kind: "step", place, type, id, isMove: false };
  }

  /** What other owners need to know of a resource; undefined: nothing. */
  #factOf(type: string, resource: Resource): Resource | undefined {
    if (this.#hasDeletions) return factBesideDeletions(resource);
    return hasFacts(type) ? factOf(resource) : undefined;
  }

  /** A POST, or criteria that matched nothing; for a shared type with an id of the client's choice it is an update that creates. */
  #isCreation({ entry, type, held }: Writing): boolean {
    if (entry.method === "POST") return true;
    const isNamed = entry.method === "PUT" && entry.resource?.id !== undefined;
    return criteriaOf(entry) !== undefined && !held && !(isNamed && this.#directory.isShared(type));
  }
}

const textOf = ({ resource }: BundleEntry): string => JSON.stringify(resource as Resource);

/** Whether the entry's target has been looked up; otherwise its owner checks. */
const isLocated = (entry: BundleEntry, directory: Directory): boolean => criteriaOf(entry) !== undefined || mustBeLocated(entry, directory);

/** Whether the holder of the entry's id must be known before any owner is asked to write. */
export const mustBeLocated = (entry: BundleEntry, directory: Directory): boolean =>
  entry.ifMatch?.trim() === "*" || entry.ifNoneMatch !== undefined || directory.isShared(entry.type as string);

const atVersion = (ifVersion: number[] | undefined) => (ifVersion ? { ifVersion } : {});

const staleEntry = (version: number, index: number) => staleVersion({ version, entry: index });
