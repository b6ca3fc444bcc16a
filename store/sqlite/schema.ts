/** The tables of a service's SQLite file, as numbered migrations; the file's `user_version` is the number of those it has had. */

/** "OWst", the mark of our files: a file with another one is refused. */
export const APPLICATION_ID = 0x4f577374;
/** The interaction that made a version, as stored. Living resources have a number below 3, which the partial index relies on. */
export const Method = { create: 1, update: 2, delete: 3, moved: 4 } as const;
/** The names of the numbers of `Method`. */
export const methodNames = ["", "create", "update", "delete", "moved"] as const;

const firstTables = /* sql */ `
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Names of types, and how many of each live.
CREATE TABLE type (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, living INTEGER NOT NULL DEFAULT 0);

-- The current version of each resource; json is NULL when deleted or moved away.
CREATE TABLE resource (
  seq INTEGER PRIMARY KEY, type INTEGER NOT NULL, id TEXT NOT NULL,
  version INTEGER NOT NULL, updated INTEGER NOT NULL, method INTEGER NOT NULL, json TEXT);
-- The row number, seq, ends each of these indexes.
CREATE UNIQUE INDEX resource_id ON resource (type, id);
CREATE INDEX resource_living ON resource (type) WHERE method < 3;
CREATE INDEX resource_updated ON resource (type, updated);

-- Older versions. The id is repeated so that a history page needs no join.
CREATE TABLE history (
  no INTEGER PRIMARY KEY, seq INTEGER NOT NULL, type INTEGER NOT NULL, id TEXT NOT NULL,
  version INTEGER NOT NULL, updated INTEGER NOT NULL, method INTEGER NOT NULL, json TEXT);
CREATE UNIQUE INDEX history_version ON history (seq, version);
CREATE INDEX history_updated ON history (type, updated);

-- Search values of what lives. By resource (to probe and to replace), and by value (to find, in order of creation).
CREATE TABLE keys (seq INTEGER, slot INTEGER, value TEXT, PRIMARY KEY (seq, slot, value)) WITHOUT ROWID;
CREATE INDEX keys_value ON keys (slot, value, seq);
CREATE TABLE ranges (seq INTEGER, slot INTEGER, low REAL, high REAL, unit TEXT, PRIMARY KEY (seq, slot, low, high, unit)) WITHOUT ROWID;
-- A point (a number, an instant) is its own low and high end: one index instead of two.
CREATE INDEX ranges_point ON ranges (slot, low, seq) WHERE high = low;
CREATE INDEX ranges_low ON ranges (slot, low, seq) WHERE high > low;
CREATE INDEX ranges_high ON ranges (slot, high, seq) WHERE high > low;

-- Unique keys and the living resource that holds each.
CREATE TABLE held (key TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX held_seq ON held (seq);

CREATE TABLE counter (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE map (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires INTEGER) WITHOUT ROWID;
CREATE INDEX map_expires ON map (expires) WHERE expires IS NOT NULL;

-- Prepared transactions: all changes as one text, and the locks that they hold.
CREATE TABLE prepared (tx TEXT PRIMARY KEY, since INTEGER NOT NULL, payload TEXT NOT NULL);
CREATE TABLE lock (key TEXT PRIMARY KEY, tx TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX lock_tx ON lock (tx);
`;

/** Slots in which some resource has, or had, more than one range; the next open fills the table, since it finds no index version. */
const multiValuedSlots = /* sql */ `
CREATE TABLE several (slot INTEGER PRIMARY KEY);
DELETE FROM meta WHERE key IN ('index version', 'reindexing to');
`;

/** The key of the write that made a version, so that a repeated write is recognised. */
const writeKeys = /* sql */ `
ALTER TABLE resource ADD COLUMN write TEXT;
ALTER TABLE history ADD COLUMN write TEXT;
`;

/**
 * Events that wait for their relay (queue 0: to other services; 1: to the service itself; 2: to the ledger; 3: late), and events whose effect is stored here.
 * Numbers are never reused: two processes may remove the same event.
 */
const events = /* sql */ `
CREATE TABLE outbox (
  no INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL, id TEXT NOT NULL, subject TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, payload TEXT NOT NULL);
CREATE TABLE handled (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX handled_expires ON handled (expires);
`;

/** The author of a version, as its write named it; NULL if it named none. */
const authors = /* sql */ `
ALTER TABLE resource ADD COLUMN author TEXT;
ALTER TABLE history ADD COLUMN author TEXT;
`;

/** Events of one queue are found without reading those of another, and those behind a failing record without their payloads. */
const outboxByQueue = /* sql */ `
CREATE INDEX outbox_queue ON outbox (queue, no, key);
`;

/** Transactions that were aborted before they were prepared here: their prepare is refused. The newest have the highest number. */
const endedTransactions = /* sql */ `
CREATE TABLE ended (no INTEGER PRIMARY KEY AUTOINCREMENT, tx TEXT NOT NULL UNIQUE, at INTEGER NOT NULL);
CREATE INDEX ended_at ON ended (at);
`;

/**
 * Each migration takes a file from the version of its place to the next: the first makes an empty file version 1. To change the tables, add one
 * at the end and never touch those before it: there are files of every version.
 */
export const migrations: readonly string[] = [firstTables, multiValuedSlots, writeKeys, events, authors, outboxByQueue, endedTransactions];

/** The version of this code. A file with a higher number was written by a newer one. */
export const SCHEMA_VERSION = migrations.length;

/** Contentless: the text itself is in the JSON of the resource. */
export const textTable = /* sql */ `
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
  content, narrative, content='', contentless_delete=1, detail='full', tokenize="unicode61 remove_diacritics 2")`;
