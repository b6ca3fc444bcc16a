/** The collections of a service's MongoDB database, and their indexes. */
import type { Collection, Db, DbOptions, Document, IndexDescription } from "mongodb";
import type { IndexRows } from "../../fhir/search/query.ts";
import { ENDED_KEPT_MS } from "../ended-transactions.ts";
import type { OutboxQueue } from "../writes.ts";

/** Confirmed writes survive the loss of a member, and every read sees them. */
export const DATABASE_OPTIONS: DbOptions = { writeConcern: { w: "majority", journal: true }, readPreference: "primary" };

/** 2020-01-01T00:00:00Z, see `seq`. */
export const SEQ_EPOCH = 1_577_836_800_000;
/** Places in the order of creation within one millisecond. */
export const SEQ_PER_MS = 1_024;

/** `none`: only the id exists, locked by a prepared transaction. `moved`: the resource lives with another owner, only its history is here. */
export type Method = "create" | "update" | "delete" | "moved" | "none";

/** The current version of a resource, with its search values. */
export interface ResourceDocument {
  /** `Type/id` */
  _id: string;
  type: string;
  id: string;
  version: number;
  /** Milliseconds since 1970. */
  updated: number;
  method: Method;
  living: boolean;
  /** Place in the order of creation; absent while only the id is locked. */
  seq?: number;
  json?: string;
  /** Key of the write that made this version. */
  write?: string;
  /** Author of this version, as its write named it. */
  author?: string;
  /** `slotText(slot) + value` */
  keys?: string[];
  ranges?: { s: number; l: number; h: number; u: string }[];
  words?: Words;
  /** The prepared transaction that has locked it. */
  lock?: string;
}

/** The words of the whole resource and those of its narrative, separated by one space. */
export interface Words {
  content: string;
  narrative: string;
}

/** A version that is not the current one. */
export interface HistoryDocument {
  /** `Type/id/version` */
  _id: string;
  type: string;
  id: string;
  version: number;
  updated: number;
  method: Method;
  json?: string;
  /** Key of the write that made this version. */
  write?: string;
  /** Author of this version, as its write named it. */
  author?: string;
}

/** A unique key and its holder. `isClaim`: a prepared transaction will take it. */
export interface HeldDocument {
  _id: string;
  ref: string;
  lock?: string;
  isClaim?: boolean;
}

/** A counter by its name; `lock`: the prepared transaction that has locked it. */
export interface CounterDocument {
  _id: string;
  value: number;
  lock?: string;
}

/**
 * A document that two writers both write if their order matters although they write different resources, so that MongoDB lets only one of them
 * commit: two conditional creates with one condition, or a write that relies on a resource and one that deletes it.
 */
export interface ConditionDocument {
  _id: string;
  writes: number;
  /** When it was last written; it is removed a day later. */
  at: Date;
  lock?: string;
  /** For a resource: the prepared transactions that rely on it. */
  relying?: string[];
  /** For a resource, by holder of the fence: the version up to which no write may rely on it, and the fence's expiry. */
  fences?: Record<string, { version: number; until: Date }>;
}

/** An event that waits for its relay; the driver makes the `_id`. */
export interface OutboxDocument {
  queue: OutboxQueue;
  id: string;
  subject: string;
  key: string;
  /** Milliseconds since 1970; for a resource's version its `updated`, which never runs backwards. */
  at: number;
  /** Order of a record's events of one instant: the version, or slightly more than the event before. */
  n: number;
  payload: string;
}

/** An event whose effect is stored. `isClaim`: it will be, when a prepared transaction commits. */
export interface HandledDocument {
  _id: string;
  expires: Date;
  lock?: string;
  isClaim?: boolean;
}

/** Changes and locks of a prepared transaction, as many as fit into one document. */
export interface PreparedPart {
  changes: Document[];
  locks: string[];
}

/** A prepared transaction, with the first of its parts. */
export interface PreparedDocument extends PreparedPart {
  _id: string;
  since: number;
  indexVersion: string;
  /** Number of parts that follow in `prepared_part`. */
  more: number;
}

/** The note that a transaction was aborted before it was prepared. */
export interface EndedDocument {
  _id: string;
  /** By the clock of the database server. */
  endedAt: Date;
  locks: string[];
  more: number;
}

/** A further part of a prepared transaction. */
export interface FurtherPart extends PreparedPart {
  /** `TX/PLACE` */
  _id: string;
  tx: string;
  place: number;
}

/** An entry of the durable map; MongoDB removes it some time after it expires. */
export interface MapDocument {
  _id: string;
  value: string;
  /** Length of the value in UTF-8. Absent in leases (`lease.ts`) and in entries of older versions, which are not counted. */
  bytes?: number;
  expires?: Date;
}

/** A fact about the database itself, by its name. */
export interface MetaDocument {
  _id: string;
  value: string | number;
}

/** The sessions of one process that is alive; MongoDB removes the document when it has not been renewed for longer than any transaction may last. */
export interface SessionsDocument {
  _id: string;
  /** UUIDs of MongoDB's sessions. */
  sessions: string[];
  /** By the server's clock. */
  seenAt: Date;
}

/** All collections of a service's database. */
export interface Collections {
  resource: Collection<ResourceDocument>;
  history: Collection<HistoryDocument>;
  held: Collection<HeldDocument>;
  counter: Collection<CounterDocument>;
  condition: Collection<ConditionDocument>;
  prepared: Collection<PreparedDocument | EndedDocument>;
  prepared_part: Collection<FurtherPart>;
  outbox: Collection<OutboxDocument>;
  handled: Collection<HandledDocument>;
  map: Collection<MapDocument>;
  meta: Collection<MetaDocument>;
  sessions: Collection<SessionsDocument>;
}

const DAY_S = 86_400;
/** Age at which a record of sessions is removed, seconds: twice the lifetime of transactions in MongoDB. */
const SILENT_S = 120;

/** The index from which the size of the map is summed; it covers the query. */
export const MAP_SIZES = { _id: 1, bytes: 1 } as const;

/** The order in which the events of a queue are relayed, with their records. */
export const OUTBOX_ORDER = { queue: 1, at: 1, n: 1, key: 1 } as const;

/** Indexes of earlier versions that others have replaced. */
export const formerIndexes: Partial<Record<keyof Collections, string[]>> = { outbox: ["queue_1_at_1_n_1"] };

/** The indexes of each collection; every filter and order is answered from one of them. */
export const indexes: Partial<Record<keyof Collections, IndexDescription[]>> = {
  resource: [
    { key: { type: 1, living: 1, seq: 1 } },
    { key: { seq: 1 }, unique: true, partialFilterExpression: { seq: { $exists: true } } },
    { key: { type: 1, id: 1 } },
    { key: { type: 1, updated: -1, id: -1, version: -1 } },
    { key: { updated: -1, type: -1, id: -1, version: -1 } },
    { key: { keys: 1, seq: 1 } },
    { key: { "ranges.s": 1, "ranges.l": 1, "ranges.h": 1 } },
    { key: { "ranges.s": 1, "ranges.h": 1, "ranges.l": 1 } },
  ],
  history: [
    { key: { type: 1, id: 1, version: -1 } },
    { key: { type: 1, updated: -1, id: -1, version: -1 } },
    { key: { updated: -1, type: -1, id: -1, version: -1 } },
  ],
  held: [{ key: { ref: 1 } }],
  // Notes of ended transactions are not in the index of prepared ones.
  prepared: [
    { key: { since: 1 }, partialFilterExpression: { since: { $exists: true } } },
    { key: { endedAt: 1 }, expireAfterSeconds: ENDED_KEPT_MS / 1_000 },
  ],
  prepared_part: [{ key: { tx: 1, place: 1 } }],
  condition: [{ key: { at: 1 }, expireAfterSeconds: DAY_S }],
  // Events behind a failing record are skipped within the index.
  outbox: [{ key: OUTBOX_ORDER }, { key: { key: 1, at: 1, n: 1 } }],
  handled: [{ key: { expires: 1 }, expireAfterSeconds: 0 }],
  map: [{ key: { expires: 1 }, expireAfterSeconds: 0 }, { key: MAP_SIZES }],
  sessions: [{ key: { seenAt: 1 }, expireAfterSeconds: SILENT_S }],
};

/** The collections of a database; it creates none. */
export function collectionsOf(db: Db): Collections {
  return {
    resource: db.collection("resource"),
    history: db.collection("history"),
    held: db.collection("held"),
    counter: db.collection("counter"),
    condition: db.collection("condition"),
    prepared: db.collection("prepared"),
    prepared_part: db.collection("prepared_part"),
    outbox: db.collection("outbox"),
    handled: db.collection("handled"),
    map: db.collection("map"),
    meta: db.collection("meta"),
    sessions: db.collection("sessions"),
  };
}

/** Slots have a fixed width, so that a key's value begins at a known place. */
export const SLOT_WIDTH = 9;
/** A slot as the beginning of a key, of fixed width, so that keys sort by slot. */
export const slotText = (slot: number): string => String(slot).padStart(SLOT_WIDTH, "0");

/** The values of `keys` of a document. */
export const keyValues = (keys: string[]): string[] => keys.map((key) => key.slice(SLOT_WIDTH));

/** A resource's index rows as fields of its document. */
export function indexFields({ keys, ranges }: IndexRows): Pick<ResourceDocument, "keys" | "ranges"> {
  return {
    keys: keys.map(([slot, value]) => slotText(slot) + value),
    ranges: ranges.map(([s, l, h, u]) => ({ s, l, h, u })),
  };
}
