/** What a write is checked against, and what remains to be done of one that has been checked (`write-planner.ts` does). */
import type { FramedResource } from "../fhir/frame.ts";
import { namedPatients } from "../fhir/search/named-patients.ts";
import type { IndexRows } from "../fhir/search/query.ts";
import type { Reliance } from "./store.ts";
import type { NoneExist, OutboxEvent, OutboxQueue, ResourceVersion, UniqueKey, Write, WriteResult } from "./writes.ts";

/** What a store knows of an id. `moved`: the resource lives with another owner now; only its history is here. */
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

/** The committed state, as far as the steps of a write depend on it. */
export interface CommittedState {
  head(type: string, id: string): VersionHead | undefined;
  /** "Type/id" of the living resource that holds the key. */
  holder(key: string): string | undefined;
  /** The keys that a resource holds. */
  held(type: string, id: string): string[];
  counter(name: string): number;
  /** Whether a write with this `once` has been carried out. */
  isHandled(id: string): boolean;
  /** The version of the resource up to which no write may rely on it any more (`fence` of the store). */
  fenced(type: string, id: string): number | undefined;
  /** At most `limit` living resources that match the condition. */
  find(type: string, condition: NoneExist, limit: number): StoredMatch[];
}

/** One unconditional effect of a write, left once everything has been checked. */
export type PlannedChange =
  | {
      kind: "put";
      step: number;
      type: string;
      id: string;
      version: number;
      method: "create" | "update";
      body: FramedResource;
      index: IndexRows;
      unique: UniqueKey[];
      author?: string;
    }
  | { kind: "delete"; step: number; type: string; id: string; version: number; moved: boolean; author?: string }
  | { kind: "add"; step: number; counter: string; by: number }
  | { kind: "emit"; step: number; event: OutboxEvent; queue: OutboxQueue }
  | { kind: "once"; step: number; id: string; until: number };

/** A change of a resource. */
export type ResourceChange = Extract<PlannedChange, { kind: "put" | "delete" }>;

/** Whether the change is of a resource. */
export const isOfResource = (change: PlannedChange): change is ResourceChange => change.kind === "put" || change.kind === "delete";

/** A step that is about one resource. */
export type ResourceStep = Extract<Write, { op: "create" | "update" | "delete" }>;

/** Whether it is about one resource. */
export const isResourceStep = (step: Write): step is ResourceStep => step.op === "create" || step.op === "update" || step.op === "delete";

/** A write that has been checked. */
export interface WritePlan {
  changes: PlannedChange[];
  /** One result per step; `updated` (until then that of the replaced version) and `json` are filled in when the changes are made. */
  results: WriteResult[];
  /** [step, earlier step]: the first found what the second makes, so it has the same version, time and JSON. */
  echoes: [step: number, of: number][];
  /** What a prepared transaction must hold until it ends; see `lockKeys`. */
  locks: Set<string>;
}

/** Prefix of the keys of resources that a prepared write relies on: they exclude no other write, but a fence waits for them. */
export const RELIED = "relied:";

/** The keys of the resources that a write relies on. */
export const reliedKeys = (reliance: Reliance | undefined): string[] => reliance?.on.map(({ type, id }) => `${RELIED}${type}/${id}`) ?? [];

/** The lock keys that must be free for a write: its resources, those that it relies on, its unique keys, counters and conditions. */
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

/** Whether there is a current version, neither deleted nor moved away. */
export function isLiving(head: VersionHead | undefined): head is VersionHead & { method: "create" | "update" } {
  return head?.method === "create" || head?.method === "update";
}

/** The FHIR JSON text of a version. */
export function jsonOf(type: string, id: string, version: number, updated: number, body: FramedResource): string {
  const time = timeText(updated);
  return `{"resourceType":${JSON.stringify(type)},"id":${JSON.stringify(id)},"meta":{"versionId":"${version}","lastUpdated":"${time}"${body.meta}}${body.rest}`;
}

let lastTime = Number.NaN;
let lastText = "";
/** ISO 8601 text of an instant. Resources that are written together share it, so that the last one is kept. */
function timeText(milliseconds: number): string {
  if (milliseconds !== lastTime) {
    lastTime = milliseconds;
    lastText = new Date(milliseconds).toISOString();
  }
  return lastText;
}

/** Writing one search value takes a store as long as writing this many characters of text. */
const CHARACTERS_PER_ROW = 50;

/** Cost of a write in characters: its text, and its search values at CHARACTERS_PER_ROW each. */
export function charactersIn(steps: Write[]): number {
  let size = 0;
  for (const step of steps) {
    if (step.op === "create" || step.op === "update") {
      size += step.body.rest.length + step.body.meta.length + CHARACTERS_PER_ROW * (step.index.keys.length + step.index.ranges.length);
    } else size += step.op === "emit" ? step.event.payload.length : 100;
  }
  return size;
}

/** The types of the resources that are changed. */
export const typesIn = (changes: PlannedChange[]): string[] => [...new Set(changes.filter(isOfResource).map(({ type }) => type))];

/**
 * What is announced to gateways about a version. Undefined for a resource that moves to another owner, which announces it itself.
 * @param before values of the index rows of the version that it replaces; those that the new version has too may be left out
 */
export function tellVersion(change: ResourceChange, before: string[] = []): ResourceVersion | undefined {
  if (change.kind === "delete" && change.moved) return undefined;
  const { type, id, version } = change;
  const method = change.kind === "delete" ? "delete" : change.method;
  const patients = namedPatients(change.kind === "put" ? [...change.index.keys.map(([, value]) => value), ...before] : before);
  return { type, id, version, method, ...(patients && { patients }) };
}

/** The outbox event of a version. */
export function versionEvent(told: ResourceVersion): OutboxEvent {
  const { type, id, version } = told;
  const key = `${type}/${id}`;
  return { id: `${key}/${version}`, subject: `fhir.${type}`, key, payload: JSON.stringify(told) };
}

/** Effects of a write besides its results. */
export interface Effects {
  /** Whether it has put events into the outbox. */
  hasEvents: boolean;
  /** The versions that are not published as events. */
  versions: ResourceVersion[];
}
