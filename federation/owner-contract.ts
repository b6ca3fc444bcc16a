/**
 * What the mesh may ask a service that owns FHIR types. Every service with the mixin `Fhir({ owns })` answers these
 * actions as `<service>.fhir.<name>`; the gateway and `transactions` call them, nobody else needs to.
 */
import type { MovesSeen } from "./moves.ts";
import type { Clause, KeyRow, Page, StoreQuery } from "../fhir/search/query.ts";
import type { Resource } from "../fhir/resource.ts";
import { type Action, action, event } from "../mesh/contract.ts";
import type { ToldFact } from "./facts.ts";
import type { NamedResource, Naming } from "./named-resources.ts";
import type { HistoryQuery, JoinKeysPage, JoinKeysQuery, VersionReference, Prepared, StoredResource } from "../store/store.ts";
import type { OutboxEvent, OutboxQueue, OutboxState, ResourceVersion } from "../store/writes.ts";

export type { ResourceVersion } from "../store/writes.ts";

/** One FHIR type that a service owns; published in the service's metadata as `fhir.owns`. */
export interface Ownership {
  type: string;
  /**
   * Only the resources in which the value at `path` (through arrays) is one of `in`, e.g. inpatient Encounters by
   * `class.code`. An owner without `where` takes what no other owner's rule takes.
   */
  where?: { path: string; in: string[] };
  /** Set by the mixin: writes of this type hold unique keys, so they may wait for another transaction. */
  holdsKeys?: boolean;
  /** Set by the mixin: the rules that hold for the type here, and how. */
  rules?: { id: string; says: string; mode: "on" | "warn" }[];
}

/** A page that may be kept by who has asked; see `searchMany`. */
export interface TaggedPage extends Page {
  /** Of a type with several owners: what had moved when it was read. */
  moves?: MovesSeen;
  tag?: string;
  /** It is what the caller has; `rows` is empty. */
  isSame?: true;
  /** Of the first page, where the caller has said what is left of its time: processor time that the store took for all of them, milliseconds. */
  spentMs?: number;
}

/** Where one id stands with one owner: its version, also that of a deletion. */
export interface VersionOf {
  id: string;
  version: number;
  deleted: boolean;
}

/**
 * One step of a write as it travels to an owner. `text` is the resource's FHIR JSON as the client sent it; its id, and
 * the version and time in its meta, are replaced by the owner's.
 */
export type OwnerStep =
  | { op: "create"; type: string; id: string; text: string; ifNoneExist?: { lock: string; clauses: Clause[] }; isDecided?: boolean }
  /**
   * `keepsLabels`: tags and security labels that the text leaves out stay. `was`: of what moves here, the text that its owner had, so
   * that rules see both.
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
  /** `becomes`: of what moves to another owner, the text that it will have there. */
  | { op: "delete"; type: string; id: string; ifVersion?: number[]; moved?: boolean; becomes?: string }
  /**
   * For a conditional write of a type with several owners: `existed` or `none`. If it is what was found when the write was
   * planned (`isThere`), nobody else acts on the condition meanwhile.
   */
  | { op: "hold"; type: string; condition: { lock: string; clauses: Clause[] }; isThere: boolean; isDecided?: boolean }
  | { op: "add"; counter: string; by: number; min?: number; ifValue?: number; above?: number }
  /** An event that is written with the rest; see `Write` of the store. */
  | { op: "emit"; event: OutboxEvent; queue: OutboxQueue }
  /** The write is the effect of this event. */
  | { op: "once"; id: string; until: number };

/** A step that writes one resource. */
export type ResourceOwnerStep = Extract<OwnerStep, { op: "create" | "update" | "delete" }>;

/** Whether a step writes a resource; others count, hold a condition, or tell of an event. */
export const writesResource = (step: OwnerStep): step is ResourceOwnerStep =>
  step.op === "create" || step.op === "update" || step.op === "delete";

/** By `Type/id` what a transaction makes of resources, as far as rules may know it (`toldOf`); null: it deletes them. */
export type MadeElsewhere = Record<string, Resource | null>;

/** Who rests on one resource, by `Type/id`: the first few. */
export interface Resting {
  place: string;
  by: string[];
}

/** A resource as its owner shows it. */
export interface ShownResource extends StoredResource {
  /** Some of it follows from other data (a bed's occupancy): it may be shown otherwise in the same version, and is never "not modified". */
  isDerived?: boolean;
}

/** What became of one step; see `WriteResult` of the store. */
export interface StepResult {
  outcome: "created" | "updated" | "deleted" | "existed" | "none" | "added";
  id: string;
  version: number;
  /** Milliseconds since 1970; while only prepared that of the version that is replaced, see `WriteResult` of the store. */
  updated: number;
  /** FHIR JSON as stored; only when asked for with `representation`. */
  json?: string;
  value?: number;
}

/**
 * Versions, newest first. With `currentFrom` (milliseconds) only those that were current at that time or became so later.
 */
export interface HistoryPage {
  versions: StoredResource[];
  more: boolean;
  /** With `more`: how far the owner has looked; the next page begins behind it. */
  end?: HistoryCursor;
}

/** A place in a history, newest first. */
export type HistoryCursor = NonNullable<HistoryQuery["before"]>;

/** Versions and who has made them; `more`: there are others, too many for one answer. */
export interface AuthorsPage {
  versions: Pick<StoredResource, "type" | "id" | "version" | "updated" | "method" | "author">[];
  more: boolean;
}

/** How one node of an owner is doing. */
export interface OwnerStats {
  /** Living resources by type. */
  documents: Record<string, number>;
  /** On disk. */
  bytes: number;
  /** Calls that this node has handled since its start. */
  handled: number;
  /** Events that have not been relayed yet. */
  outbox: OutboxState;
}

/** Told by each owner of the type that emits it: once for each version. Those of one resource are in order, unless it moves between owners. */
export const versionsOf = (type: string) => event<ResourceVersion>(`fhir.${type}`);

/** How long it may take until all nodes of an owner know that a type is watched, milliseconds. */
export const WATCHED_WITHIN_MS = 2_000;

/** The actions of one owner, by the service's name. */
export function ownerOf(service: string): Owner {
  const known = owners.get(service);
  if (known) return known;
  const made = actionsOf(service);
  owners.set(service, made);
  return made;
}

type Owner = ReturnType<typeof actionsOf>;

/** Made once for each service of the mesh: every read asks for them. */
const owners = new Map<string, Owner>();

/** An answer, and what it has taken of the time that its caller has; the answer alone where that was not told, or by an older node. */
export type Metered<Answer> = Answer | { answer: Answer; spentMs: number };

function actionsOf(service: string) {
  const declare = <Params, Result>(name: string): Action<Params, Result> => action(`${service}.fhir.${name}`);
  return {
    /** The current version, also of a deleted one (without json); null when it has none. */
    read: declare<{ type: string; id: string }, ShownResource | null>("read"),
    /** Current versions of these ids, deletions included; ids that the owner never had are left out. */
    versions: declare<{ type: string; ids: string[] }, VersionOf[]>("versions"),
    /** One version, for ever the same. @throws 404 NOT_FOUND */
    readVersion: declare<{ type: string; id: string; version: number }, StoredResource>("readVersion"),
    history: declare<{ query: HistoryQuery; currentFrom?: number }, HistoryPage>("history"),
    /** Who has made the versions of these, those that the caller may read. */
    authors: declare<{ type: string; ids: string[] }, AuthorsPage>("authors"),
    /** `budgetMs`: what is left of the processor time that the caller's request has, milliseconds. @throws FhirError 400 too-costly */
    search: declare<{ query: StoreQuery; budgetMs?: number }, TaggedPage>("search"),
    /** What rules of other services may know of these resources (`Type/id`, at most `MAX_FACTS`), in their order. */
    facts: declare<{ references: string[] }, (ToldFact | null)[]>("facts"),
    /** Whose these resources (`Type/id`, at most `MAX_FACTS`) are, "Patient/…", for what is put on record of a try that was refused. */
    patientsOf: declare<{ references: string[] }, string[]>("patientsOf"),
    /**
     * Several questions in one call. `isKept`: the same will be asked again soon, so pages of ids are kept as long as nothing changes,
     * and have a tag. `tags`: of the pages that the caller still has, one for each question; a page that is the same comes without its rows.
     */
    searchMany: declare<{ queries: StoreQuery[]; isKept?: boolean; tags?: string[]; budgetMs?: number }, TaggedPage[]>("searchMany"),
    /** `budgetMs` of this and the next two: as of `search`; then the answer tells what it took. */
    count: declare<{ type: string; clauses: Clause[]; budgetMs?: number }, Metered<number>>("count"),
    /** Which values are in use; see `distinct` of the store. */
    distinct: declare<{ slots: number[]; limit: number }, KeyRow[]>("distinct"),
    /** One end of a chain, page by page; see `joinKeys` of the store. */
    joinKeys: declare<JoinKeysQuery & { limit: number; after?: number; whole?: boolean; budgetMs?: number }, Metered<JoinKeysPage>>(
      "joinKeys",
    ),
    /** Which of these ids, or of these references in `slots`, some match is known by. */
    joinKeysAmong: declare<JoinKeysQuery & { among: string[]; budgetMs?: number }, Metered<string[]>>("joinKeysAmong"),
    /**
     * One atomic write; durable when it answers. Errors are Moleculer errors whose `data.step` names the refused step. A write that is
     * tried again has the same `key` and says so: it is carried out once (`write-to-owner.ts` sees to both).
     */
    write: declare<{ steps: OwnerStep[]; representation?: boolean; key?: string; isRepeated?: boolean }, StepResult[]>("write"),
    /** First phase of a two-phase commit. `elsewhere`: what the transaction makes at other owners, for the rules. */
    prepare: declare<{ tx: string; steps: OwnerStep[]; representation?: boolean; elsewhere?: MadeElsewhere }, StepResult[]>("prepare"),
    /**
     * Before these are deleted: the owner takes no new reference to them any more, for some seconds, and says who of its resources rests on
     * them. `token`: a UUID of who deletes them. `tx`: the transaction that does.
     */
    fence: declare<{ places: VersionReference[]; token: string; tx?: string }, Resting[]>("fence"),
    /** They are not deleted by who has this token: they may be referred to again. */
    unfence: declare<{ places: VersionReference[]; token: string }, null>("unfence"),
    /** Who of its resources names one of these, at most `MAX_FACTS`, and is of another patient, for the rules: one of each type for each. */
    naming: declare<{ named: NamedResource[] }, Naming[]>("naming"),
    /** Second phase; idempotent. `at`: meta.lastUpdated, milliseconds. */
    commit: declare<{ tx: string; at: number }, null>("commit"),
    abort: declare<{ tx: string }, null>("abort"),
    prepared: declare<Record<string, never>, Prepared[]>("prepared"),
    stats: declare<Record<string, never>, OwnerStats>("stats"),
    /** From now on versions of this type are events, for a service that has asked; at the latest after WATCHED_WITHIN_MS at every node. */
    watch: declare<{ type: string; by: string }, null>("watch"),
    /** The service does not ask any more. */
    unwatch: declare<{ type: string; by: string }, null>("unwatch"),
  };
}

/** The journal's word on a transaction; `at` is the meta.lastUpdated of what it wrote, milliseconds. */
export type TransactionOutcome = { state: "committed"; at: number } | { state: "aborted" } | { state: "undecided" };

/**
 * The question of an owner in doubt to the coordinator's journal, answered by the service `transactions`. With `decide` a
 * transaction without decision is decided by the question: aborted, for good.
 */
export const outcomeOf = action<{ tx: string; decide: boolean }, TransactionOutcome>("transactions.outcome");

/** A transaction's id begins with the node that coordinates it, so that an owner sees at once when that node is gone. */
export const transactionId = (nodeID: string, unique: string): string => `${nodeID}~${unique}`;
/** The node that coordinates a transaction, by its id. */
export const coordinatorOf = (tx: string): string => tx.slice(0, tx.lastIndexOf("~"));
