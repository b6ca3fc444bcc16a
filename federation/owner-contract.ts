/**
 * The actions of a service that owns FHIR types. Every service with the mixin `Fhir({ owns })` answers them as `<service>.fhir.<name>`; they
 * are called by gateways and the service `transactions`, and need not be called by others.
 */
import type { MovesSeen } from "./moves.ts";
import type { Clause, KeyRow, Page, StoreQuery } from "../fhir/search/query.ts";
import type { Resource } from "../fhir/resource.ts";
import { type Action, action, event } from "../mesh/contract.ts";
import type { StoredFact } from "./facts.ts";
import type { NamedResource, Naming } from "./named-resources.ts";
import type { HistoryQuery, JoinKeysPage, JoinKeysQuery, VersionReference, Prepared, StoredResource } from "../store/store.ts";
import type { OutboxEvent, OutboxQueue, OutboxState, ResourceVersion } from "../store/writes.ts";

export type { ResourceVersion } from "../store/writes.ts";

/** One FHIR type that a service owns; published in the service's metadata as `fhir.owns`. */
export interface Ownership {
  type: string;
  /**
   * Limits ownership to resources in which the value at `path` (through arrays) is one of `in`, e.g. inpatient Encounters by `class.code`. An
   * owner without `where` has the resources that match no other owner's condition.
   */
  where?: { path: string; in: string[] };
  /** Set by the mixin: writes of this type use unique keys, so they may have to wait for another transaction. */
  holdsKeys?: boolean;
  /** Set by the mixin: the rules that apply to the type here, and how. */
  rules?: { id: string; says: string; mode: "on" | "warn" }[];
}

/** A page that the caller may keep; see `searchMany`. */
export interface TaggedPage extends Page {
  /** For a type with several owners: move counts at the time of reading. */
  moves?: MovesSeen;
  tag?: string;
  /** The caller's page is still current; `rows` is empty. */
  isSame?: true;
  /** In the first page, if the call has a budget: processor time that the store spent on all pages, milliseconds. */
  spentMs?: number;
}

/** The state of one id at one owner: its version, also that of a deletion. */
export interface VersionOf {
  id: string;
  version: number;
  deleted: boolean;
}

/**
 * One step of a write as sent to an owner. `text` is the resource's FHIR JSON as received from the client; the owner replaces its id, and the
 * version and time in its meta.
 */
export type OwnerStep =
  | { op: "create"; type: string; id: string; text: string; ifNoneExist?: { lock: string; clauses: Clause[] }; isDecided?: boolean }
  /**
   * `keepsLabels`: tags and security labels that the text omits are kept. `was`: for a resource that moves here, its text at the previous
   * owner, so that rules see both.
   */
  | {
      op: "update";
      type: string;
      id: string;
      text: string;
      ifVersion?: number[];
      upsert: boolean;
      since?: number;
      keepsLabels?: boolean;
      was?: string;
    }
  /** `becomes`: for a resource that moves to another owner, its text there. */
  | { op: "delete"; type: string; id: string; ifVersion?: number[]; moved?: boolean; becomes?: string }
  /**
   * For a conditional write of a type with several owners: `existed` or `none`. If the result is what was found when the write was planned
   * (`isThere`), the condition is locked for other writes meanwhile.
   */
  | { op: "hold"; type: string; condition: { lock: string; clauses: Clause[] }; isThere: boolean; isDecided?: boolean }
  | { op: "add"; counter: string; by: number; min?: number; ifValue?: number; above?: number }
  /** An event that is written together with the other steps; see `Write` of the store. */
  | { op: "emit"; event: OutboxEvent; queue: OutboxQueue }
  /** Makes the write the effect of this event. */
  | { op: "once"; id: string; until: number };

/** A step that writes one resource. */
export type ResourceOwnerStep = Extract<OwnerStep, { op: "create" | "update" | "delete" }>;

/** Whether a step writes a resource; others move counters, lock a condition, or emit an event. */
export const writesResource = (step: OwnerStep): step is ResourceOwnerStep =>
  step.op === "create" || step.op === "update" || step.op === "delete";

/** By `Type/id`, the state of resources after the transaction, as far as rules may know it (`factOf`); null: deleted. */
export type MadeElsewhere = Record<string, Resource | null>;

/** Dependents of one resource, by `Type/id`: the first few. */
export interface Resting {
  place: string;
  by: string[];
}

/** A resource as its owner returns it. */
export interface ShownResource extends StoredResource {
  /** Part of it is derived from other data (a bed's occupancy): it may differ within the same version, so a read is never "not modified". */
  isDerived?: boolean;
}

/** The result of one step; see `WriteResult` of the store. */
export interface StepResult {
  outcome: "created" | "updated" | "deleted" | "existed" | "none" | "added";
  id: string;
  version: number;
  /** Milliseconds since 1970; while only prepared, that of the version that is replaced, see `WriteResult` of the store. */
  updated: number;
  /** FHIR JSON as stored; only with `representation`. */
  json?: string;
  value?: number;
}

/**
 * Versions, newest first. With `currentFrom` (milliseconds) only those that were current at that time or became so later.
 */
export interface HistoryPage {
  versions: StoredResource[];
  more: boolean;
  /** With `more`: how far the owner has read; the next page starts after it. */
  end?: HistoryCursor;
}

/** A position in a history, newest first. */
export type HistoryCursor = NonNullable<HistoryQuery["before"]>;

/** Versions and their authors; `more`: there are further ones, too many for one answer. */
export interface AuthorsPage {
  versions: Pick<StoredResource, "type" | "id" | "version" | "updated" | "method" | "author">[];
  more: boolean;
}

/** State of one node of an owner. */
export interface OwnerStats {
  /** Number of resources by type, without deleted ones. */
  documents: Record<string, number>;
  /** On disk. */
  bytes: number;
  /** Calls that this node has handled since it started. */
  handled: number;
  /** Events that are not relayed yet. */
  outbox: OutboxState;
}

/** Emitted by each owner that emits the type: once for each version. Versions of one resource are in order, unless it moves between owners. */
export const versionsOf = (type: string) => event<ResourceVersion>(`fhir.${type}`);

/** Time within which all nodes of an owner know that a type is watched, milliseconds. */
export const WATCHED_WITHIN_MS = 2_000;

/** The actions of one owner, by service name. */
export function ownerOf(service: string): Owner {
  const known = owners.get(service);
  if (known) return known;
  const made = actionsOf(service);
  owners.set(service, made);
  return made;
}

type Owner = ReturnType<typeof actionsOf>;

/** Cached by service: needed for every read. */
const owners = new Map<string, Owner>();

/** An answer with the time spent on it; the answer alone if the call had no budget, or from an older node. */
export type Metered<Answer> = Answer | { answer: Answer; spentMs: number };

function actionsOf(service: string) {
  const declare = <Params, Result>(name: string): Action<Params, Result> => action(`${service}.fhir.${name}`);
  return {
    /** The current version, also that of a deletion (without json); null if there is none. */
    read: declare<{ type: string; id: string }, ShownResource | null>("read"),
    /** Current versions of these ids, deletions included; ids that the owner never had are left out. */
    versions: declare<{ type: string; ids: string[] }, VersionOf[]>("versions"),
    /** One version, which never changes. @throws 404 NOT_FOUND */
    readVersion: declare<{ type: string; id: string; version: number }, StoredResource>("readVersion"),
    history: declare<{ query: HistoryQuery; currentFrom?: number }, HistoryPage>("history"),
    /** The authors of the versions of these resources, for those that the caller may read. */
    authors: declare<{ type: string; ids: string[] }, AuthorsPage>("authors"),
    /** `budgetMs`: what is left of the processor time of the caller's request, milliseconds. @throws FhirError 400 too-costly */
    search: declare<{ query: StoreQuery; budgetMs?: number }, TaggedPage>("search"),
    /** Facts for the rules of other services about these resources (`Type/id`, at most `MAX_FACTS`), in their order. */
    facts: declare<{ references: string[] }, (StoredFact | null)[]>("facts"),
    /** The patients ("Patient/…") of these resources (`Type/id`, at most `MAX_FACTS`), to record a refused attempt in the audit log. */
    patientsOf: declare<{ references: string[] }, string[]>("patientsOf"),
    /**
     * Several queries in one call. `isKept`: the same will be asked again soon, so pages of ids are cached while nothing changes, and have a
     * tag. `tags`: those of the pages that the caller still has, one for each query; an unchanged page is returned without rows.
     */
    searchMany: declare<{ queries: StoreQuery[]; isKept?: boolean; tags?: string[]; budgetMs?: number }, TaggedPage[]>("searchMany"),
    /** `budgetMs` of this and the next two actions as for `search`; the answer then tells what was spent. */
    count: declare<{ type: string; clauses: Clause[]; budgetMs?: number }, Metered<number>>("count"),
    /** Which values are in use; see `distinct` of the store. */
    distinct: declare<{ slots: number[]; limit: number }, KeyRow[]>("distinct"),
    /** One end of a chain, page by page; see `joinKeys` of the store. */
    joinKeys: declare<JoinKeysQuery & { limit: number; after?: number; whole?: boolean; budgetMs?: number }, Metered<JoinKeysPage>>(
      "joinKeys",
    ),
    /** Which of these ids, or of these references in `slots`, belong to a match. */
    joinKeysAmong: declare<JoinKeysQuery & { among: string[]; budgetMs?: number }, Metered<string[]>>("joinKeysAmong"),
    /**
     * One atomic write; durable when it answers. Errors are Moleculer errors whose `data.step` is the index of the refused step. A write that
     * is retried has the same `key` and `isRepeated`: it is carried out once (`write-to-owner.ts` sets both).
     */
    write: declare<{ steps: OwnerStep[]; representation?: boolean; key?: string; isRepeated?: boolean }, StepResult[]>("write"),
    /** First phase of a two-phase commit. `elsewhere`: what the transaction writes at other owners, for the rules. */
    prepare: declare<{ tx: string; steps: OwnerStep[]; representation?: boolean; elsewhere?: MadeElsewhere }, StepResult[]>("prepare"),
    /**
     * Called before these resources are deleted: for some seconds the owner accepts no new reference to them, and it returns which of its
     * resources depend on them. `token`: a UUID of the deletion. `tx`: the transaction that it is part of.
     */
    fence: declare<{ places: VersionReference[]; token: string; tx?: string }, Resting[]>("fence"),
    /** The resources were not deleted: removes the fences with this token, so that they may be referred to again. */
    unfence: declare<{ places: VersionReference[]; token: string }, null>("unfence"),
    /** Which resources of the owner refer to one of these and are of another patient, for rules: one of each type for each, at most `MAX_FACTS`. */
    naming: declare<{ named: NamedResource[] }, Naming[]>("naming"),
    /** Second phase; idempotent. `at`: meta.lastUpdated, milliseconds. */
    commit: declare<{ tx: string; at: number }, null>("commit"),
    abort: declare<{ tx: string }, null>("abort"),
    prepared: declare<Record<string, never>, Prepared[]>("prepared"),
    stats: declare<Record<string, never>, OwnerStats>("stats"),
    /** Versions of this type are emitted from now on, for the service `by`; within WATCHED_WITHIN_MS at every node. */
    watch: declare<{ type: string; by: string }, null>("watch"),
    /** The service no longer needs them. */
    unwatch: declare<{ type: string; by: string }, null>("unwatch"),
  };
}

/** The outcome of a transaction according to the journal; `at` is the meta.lastUpdated of what it wrote, milliseconds. */
export type TransactionOutcome = { state: "committed"; at: number } | { state: "aborted" } | { state: "undecided" };

/**
 * An owner's query to the coordinator's journal about a transaction in doubt, answered by the service `transactions`. With `decide`, a
 * transaction without a decision is thereby decided: aborted, for good.
 */
export const outcomeOf = action<{ tx: string; decide: boolean }, TransactionOutcome>("transactions.outcome");

/** A transaction's id starts with the node that coordinates it, so that an owner can see at once whether that node is gone. */
export const transactionId = (nodeID: string, unique: string): string => `${nodeID}~${unique}`;
/** The node that coordinates a transaction, from its id. */
export const coordinatorOf = (tx: string): string => tx.slice(0, tx.lastIndexOf("~"));
