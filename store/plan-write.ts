/**
 * Decides what a write does, before it does anything: both stores ask this one function, so both refuse the same things.
 * A refused write has touched nothing.
 */
import { FhirError } from "../fhir/outcome.ts";
import { CandidateIndex } from "../fhir/search/candidate-index.ts";
import type { Candidate } from "../fhir/search/matches-clauses.ts";
import type { IndexRows } from "../fhir/search/query.ts";
import {
  type Body,
  MAX_EVENT_CHARACTERS,
  type NoneExist,
  type OutboxEvent,
  type OutboxQueue,
  type Reliance,
  StoreError,
  StoreErrorType,
  type UniqueKey,
  type Write,
  type WriteResult,
} from "./store.ts";

/** What a store knows of an id. `moved`: it lives with another owner now, only its history is here. */
export interface VersionHead {
  version: number;
  /** Milliseconds since 1970. */
  updated: number;
  method: "create" | "update" | "delete" | "moved";
  /** Key of the write that made it. */
  write?: string | null;
}

/** A stored resource that a conditional create found. */
export interface StoredMatch {
  id: string;
  version: number;
  updated: number;
  json: string;
}

/** The committed state, as far as the steps ask for it. */
export interface CommittedState {
  head(type: string, id: string): VersionHead | undefined;
  /** "Type/id" of the living resource that holds the key. */
  holder(key: string): string | undefined;
  /** The keys that a resource holds. */
  held(type: string, id: string): string[];
  counter(name: string): number;
  /** Whether a write with this `once` has been carried out. */
  isHandled(id: string): boolean;
  /** Up to `limit` living resources that answer the condition. */
  find(type: string, condition: NoneExist, limit: number): StoredMatch[];
}

/** One effect of a write, without condition: what remains to be done once everything has been checked. */
export type Change =
  | {
      kind: "put";
      step: number;
      type: string;
      id: string;
      version: number;
      method: "create" | "update";
      body: Body;
      index: IndexRows;
      unique: UniqueKey[];
    }
  | { kind: "delete"; step: number; type: string; id: string; version: number; moved: boolean }
  | { kind: "add"; step: number; counter: string; by: number }
  | { kind: "emit"; step: number; event: OutboxEvent; queue: OutboxQueue }
  | { kind: "once"; step: number; id: string; until: number };

/** A change of a resource. */
export type ResourceChange = Extract<Change, { kind: "put" | "delete" }>;

/** Whether it is about a resource. */
export const isOfResource = (change: Change): change is ResourceChange => change.kind === "put" || change.kind === "delete";

/** A step that is about one resource. */
export type ResourceStep = Extract<Write, { op: "create" | "update" | "delete" }>;

/** Whether it is about one resource. */
export const isResourceStep = (step: Write): step is ResourceStep => step.op === "create" || step.op === "update" || step.op === "delete";

/** A write that has been checked. */
export interface WritePlan {
  changes: Change[];
  /** One result per step; `updated` (0) and `json` of what the changes make are filled in when they are made. */
  results: WriteResult[];
  /** [step, earlier step]: the first found what the second makes, so it has the same version, time and JSON. */
  echoes: [step: number, of: number][];
  /** What a prepared transaction must hold until it ends; see `lockKeys`. */
  locks: Set<string>;
}

interface Touched {
  type: string;
  id: string;
  head: VersionHead;
  /** Present while it lives. */
  index?: IndexRows;
  step: number;
}

/** Stored resources that the conditions of one write may find, all together. */
const MAX_FOUND = 50_000;

/** What a step has made, as conditions see it. */
type Made = Candidate & { of: Touched };

/** The names of the locks that a write must find free: its resources, those that it relies on, unique keys, counters and conditions. */
export function lockKeys(steps: Write[], reliance?: Reliance): string[] {
  const keys: string[] = [];
  for (const { type, id, isOwn } of reliance?.on ?? []) if (isOwn) keys.push(`resource:${type}/${id}`);
  for (const step of steps) {
    if (step.op === "add") keys.push(`counter:${step.counter}`);
    if (step.op === "once") keys.push(`once:${step.id}`);
    if (step.op === "hold") keys.push(`condition:${step.condition.lock}`);
    if (!isResourceStep(step)) continue;
    keys.push(`resource:${step.type}/${step.id}`);
    if (step.op === "delete") continue;
    for (const { key } of step.unique ?? []) keys.push(`unique:${key}`);
    if (step.op === "create" && step.ifNoneExist) keys.push(`condition:${step.ifNoneExist.lock}`);
  }
  return keys;
}

/** @throws StoreError FACTS_OUTDATED when a resource that a write was decided on has changed, or it was seen too long ago */
function refuseOutdated({ on, until }: Reliance, state: CommittedState): void {
  const isOutdated =
    performance.now() > until ||
    on.some(({ type, id, version, isOwn }) => {
      if (!isOwn) return false;
      const head = state.head(type, id);
      return !isLiving(head) || head.version !== version;
    });
  if (isOutdated) throw new StoreError(StoreErrorType.factsOutdated, 0);
}

/**
 * Checks the steps in order against the committed state and what the steps before them do.
 * @param now milliseconds since 1970, for conditions on the time of what earlier steps make
 * @throws StoreError naming the first step that is refused
 */
export function planWrite(steps: Write[], state: CommittedState, now: number, reliance?: Reliance): WritePlan {
  if (reliance) refuseOutdated(reliance, state);
  const touched = new Map<string, Touched>();
  const taken = new Map<string, string>();
  /** The keys that steps have given to a resource, by `Type/id`. */
  const given = new Map<string, string[]>();
  /** What the steps have made, by type; what a later step has changed again is in it twice. */
  const living = new Map<string, CandidateIndex<Made>>();
  let foundByConditions = 0;
  const counters = new Map<string, number>();
  const handled = new Set<string>();
  const made: WritePlan = { changes: [], results: [], echoes: [], locks: new Set() };

  const hasConditions = steps.some((step) => step.op === "hold" || (step.op === "create" && step.ifNoneExist));
  const candidatesOf = (type: string): CandidateIndex<Made> => {
    const known = living.get(type) ?? new CandidateIndex<Made>();
    living.set(type, known);
    return known;
  };

  const head = (type: string, id: string): VersionHead | undefined => touched.get(`${type}/${id}`)?.head ?? state.head(type, id);

  /** Who holds the key now; what an earlier step has touched holds only what that step gave it. */
  const holder = (key: string): string | undefined => {
    const own = taken.get(key);
    if (own !== undefined) return own;
    const stored = state.holder(key);
    return stored !== undefined && touched.has(stored) ? undefined : stored;
  };

  const release = (type: string, id: string): void => {
    const ref = `${type}/${id}`;
    made.locks.add(`resource:${ref}`);
    for (const key of given.get(ref) ?? []) if (taken.get(key) === ref) taken.delete(key);
    given.delete(ref);
    if (!touched.has(ref)) for (const key of state.held(type, id)) made.locks.add(`unique:${key}`);
  };

  const put = (number: number, step: Extract<Write, { op: "create" | "update" }>, before: VersionHead | undefined): void => {
    const { type, id, body, index } = step;
    const unique = step.unique ?? [];
    const ref = `${type}/${id}`;
    for (const { key, error } of unique) {
      const other = holder(key);
      if (other !== undefined && other !== ref) throw new StoreError(error, number, { key, holder: other });
    }
    const since = step.op === "update" && !isLiving(before) ? (step.since ?? 1) : 1;
    const version = Math.max((before?.version ?? 0) + 1, since);
    if (before) release(type, id);
    made.locks.add(`resource:${ref}`);
    for (const { key } of unique) {
      taken.set(key, ref);
      made.locks.add(`unique:${key}`);
    }
    const method = step.op;
    if (unique.length > 0) {
      const keys = unique.map(({ key }) => key);
      given.set(ref, [...(given.get(ref) ?? []), ...keys]);
    }
    const own: Touched = { type, id, head: { version, updated: now, method }, index, step: number };
    touched.set(ref, own);
    if (hasConditions) candidatesOf(type).add({ id, updated: now, index, of: own });
    made.changes.push({ kind: "put", step: number, type, id, version, method, body, index, unique });
    made.results.push({ type, id, version, updated: 0, outcome: isLiving(before) ? "updated" : "created" });
  };

  const madeThatMatch = (type: string, { clauses }: NoneExist, isStill: (one: Made) => boolean, number: number): Made[] => {
    try {
      return candidatesOf(type).matching(clauses, isStill);
    } catch (error) {
      throw error instanceof FhirError ? new StoreError(StoreErrorType.tooCostly, number) : error;
    }
  };

  /** True when the condition found one, so that nothing is to be created. */
  const existed = (number: number, type: string, condition: NoneExist): boolean => {
    // Earlier steps can take matches away, one each at most.
    const all = state.find(type, condition, 2 + touched.size);
    foundByConditions += all.length;
    if (foundByConditions > MAX_FOUND) throw new StoreError(StoreErrorType.tooCostly, number);
    const stored = all.filter((one) => !touched.has(`${type}/${one.id}`));
    const isStill = ({ of }: Made): boolean => touched.get(`${type}/${of.id}`) === of;
    const own = [...new Set(madeThatMatch(type, condition, isStill, number).map(({ of }) => of))];
    if (stored.length + own.length > 1) throw new StoreError(StoreErrorType.multipleMatches, number);
    const [found] = stored;
    if (found) made.results.push({ type, ...found, outcome: "existed" });
    const [mine] = own;
    if (mine) {
      made.results.push({ type, id: mine.id, version: mine.head.version, updated: 0, outcome: "existed" });
      made.echoes.push([number, mine.step]);
    }
    return stored.length + own.length > 0;
  };

  steps.forEach((step, number) => {
    if (step.op === "add") {
      const before = counters.get(step.counter) ?? state.counter(step.counter);
      const value = before + step.by;
      if (step.min !== undefined && value < step.min) {
        throw new StoreError(StoreErrorType.counterBelow, number, { counter: step.counter, value: before });
      }
      counters.set(step.counter, value);
      made.locks.add(`counter:${step.counter}`);
      if (step.by !== 0) made.changes.push({ kind: "add", step: number, counter: step.counter, by: step.by });
      made.results.push({ version: 0, updated: 0, outcome: "added", value });
      return;
    }
    if (step.op === "hold") {
      const isThere = existed(number, step.type, step.condition);
      if (!isThere) made.results.push({ version: 0, updated: 0, outcome: "none" });
      if (isThere === step.isThere) made.locks.add(`condition:${step.condition.lock}`);
      return;
    }
    if (step.op === "emit") {
      if (step.event.payload.length > MAX_EVENT_CHARACTERS)
        throw new StoreError(StoreErrorType.eventTooLarge, number, { id: step.event.id, limit: MAX_EVENT_CHARACTERS });
      made.changes.push({ kind: "emit", step: number, event: step.event, queue: step.queue });
      made.results.push({ version: 0, updated: 0, outcome: "none" });
      return;
    }
    if (step.op === "once") {
      const { id, until } = step;
      if (handled.has(id) || state.isHandled(id)) throw new StoreError(StoreErrorType.alreadyHandled, number, { id });
      handled.add(id);
      made.locks.add(`once:${id}`);
      made.changes.push({ kind: "once", step: number, id, until });
      made.results.push({ version: 0, updated: 0, outcome: "none" });
      return;
    }
    const { type, id } = step;
    if (step.op === "create") {
      if (step.ifNoneExist) {
        if (existed(number, type, step.ifNoneExist)) return;
        made.locks.add(`condition:${step.ifNoneExist.lock}`);
      }
      const before = head(type, id);
      if (before && before.method !== "delete") throw new StoreError(StoreErrorType.idTaken, number, { type, id });
      put(number, step, before);
      return;
    }
    const before = head(type, id);
    const living = isLiving(before) ? before.version : 0;
    if (step.ifVersion && !step.ifVersion.includes(living)) {
      throw new StoreError(StoreErrorType.staleVersion, number, { type, id, version: living });
    }
    if (step.op === "delete" && !living) {
      made.locks.add(`resource:${type}/${id}`);
      made.results.push({ type, id, version: before?.method === "delete" ? before.version : 0, updated: 0, outcome: "none" });
      return;
    }
    if (step.op === "update") {
      if (!living && !step.upsert) throw new StoreError(StoreErrorType.notFound, number, { type, id });
      put(number, step, before);
      return;
    }
    const moved = step.moved ?? false;
    const version = moved ? living : living + 1;
    release(type, id);
    touched.set(`${type}/${id}`, { type, id, head: { version, updated: now, method: moved ? "moved" : "delete" }, step: number });
    made.changes.push({ kind: "delete", step: number, type, id, version, moved });
    made.results.push({ type, id, version, updated: 0, outcome: "deleted" });
  });
  return made;
}

/** Whether there is a current version, neither deleted nor moved away. */
export function isLiving(head: VersionHead | undefined): head is VersionHead & { method: "create" | "update" } {
  return head?.method === "create" || head?.method === "update";
}

/** The FHIR JSON text of a version. */
export function jsonOf(type: string, id: string, version: number, updated: number, body: Body): string {
  const time = timeText(updated);
  return `{"resourceType":${JSON.stringify(type)},"id":${JSON.stringify(id)},"meta":{"versionId":"${version}","lastUpdated":"${time}"${body.meta}}${body.rest}`;
}

let lastTime = Number.NaN;
let lastText = "";
/** Resources written together share one instant: it is written out once. */
function timeText(milliseconds: number): string {
  if (milliseconds !== lastTime) {
    lastTime = milliseconds;
    lastText = new Date(milliseconds).toISOString();
  }
  return lastText;
}

/** How much of a store's attention a write takes: its text, in characters. */
export function charactersIn(steps: Write[]): number {
  let size = 0;
  for (const step of steps) {
    if (step.op === "create" || step.op === "update") size += step.body.rest.length + step.body.meta.length;
    else size += step.op === "emit" ? step.event.payload.length : 100;
  }
  return size;
}

/** The types of the resources that are changed. */
export const typesIn = (changes: Change[]): string[] => [...new Set(changes.filter(isOfResource).map(({ type }) => type))];

/** The event that a version of a resource is; undefined for one that goes on with another owner, who tells it. */
export function versionEvent(change: ResourceChange): OutboxEvent | undefined {
  if (change.kind === "delete" && change.moved) return undefined;
  const { type, id, version } = change;
  const key = `${type}/${id}`;
  const method = change.kind === "delete" ? "delete" : change.method;
  return { id: `${key}/${version}`, subject: `fhir.${type}`, key, payload: JSON.stringify({ type, id, version, method }) };
}
