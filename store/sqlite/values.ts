/** Holders of unique keys, counters, and the small durable map for data that is no FHIR resource. */
import { meshTime } from "../../mesh/mesh-time.ts";
import { counted } from "../counted.ts";
import type { MapEntry } from "../store.ts";
import type { Database } from "./database.ts";
import { startsWith } from "./sql-fragments.ts";

/** Expired entries that one write removes. */
const EXPIRED_PER_PUT = 10;
/** Entries of the map that are counted in one turn of the event loop, which takes a few milliseconds. */
const ENTRIES_AT_ONCE = 2_000;

/** Stores all entries if none of their keys exists; returns what is now stored under each. Inside a write transaction of the file. */
export function putEntries(db: Database, entries: MapEntry[], now: number): (string | undefined)[] {
  db.run("DELETE FROM map WHERE key IN (SELECT key FROM map WHERE expires < ? ORDER BY expires LIMIT ?)", now, EXPIRED_PER_PUT);
  const stored = entries.map(({ key }) => {
    db.run("DELETE FROM map WHERE key = ? AND expires < ?", key, now);
    return db.get<{ value: string }>("SELECT value FROM map WHERE key = ?", key)?.value;
  });
  if (stored.some((value) => value !== undefined)) return stored;
  for (const { key, value, expiresAt } of entries) db.run("INSERT INTO map VALUES (?, ?, ?)", key, value, expiresAt ?? null);
  return entries.map(({ value }) => value);
}

/** The value under a key, unless it has expired. */
export const entryValue = (db: Database, key: string): string | undefined =>
  db.get<{ value: string }>("SELECT value FROM map WHERE key = ? AND (expires IS NULL OR expires >= ?)", key, meshTime.now())?.value;

/** Up to `limit` entries whose key begins with `prefix`, in order of key. */
export function entriesFrom(db: Database, prefix: string, limit: number): { key: string; value: string }[] {
  const starts = startsWith("key", prefix);
  const text = `SELECT key, value FROM map WHERE ${starts.text} AND (expires IS NULL OR expires >= ?) ORDER BY key LIMIT ?`;
  return db.all<{ key: string; value: string }>(text, ...starts.values, meshTime.now(), limit).map(({ key, value }) => ({ key, value }));
}

/** The number of keys behind `after` that begin with `prefix`, and the bytes of their values; `next`: where to continue, absent at the end. */
export function usagePage(db: Database, prefix: string, after: string): { count: number; bytes: number; next: string | undefined } {
  const starts = startsWith("key", prefix);
  const text = `SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes, max(key) AS last FROM (
    SELECT key, octet_length(value) AS size FROM map WHERE ${starts.text} AND key > ? ORDER BY key LIMIT ${ENTRIES_AT_ONCE})`;
  const { count, bytes, last } = db.one<{ count: number; bytes: number; last: string | null }>(text, ...starts.values, after);
  return { count, bytes, next: count < ENTRIES_AT_ONCE ? undefined : (last ?? undefined) };
}

/** True if `holder` has the lease of the name for the next `forMs` milliseconds. Inside a write transaction of the file. */
export function leaseEntry(
  db: Database,
  { name, holder, now, forMs }: { name: string; holder: string; now: number; forMs: number },
): boolean {
  const text = `INSERT INTO map VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires
    WHERE map.value = excluded.value OR map.expires < ?`;
  db.run(text, name, holder, now + forMs, now);
  return db.one<{ value: string }>("SELECT value FROM map WHERE key = ?", name).value === holder;
}

/** `Type/id` of the holder of each unique key, in the order of the keys. */
export function holdersOf(db: Database, keys: string[]): (string | undefined)[] {
  const text = `SELECT h.key, t.name || '/' || r.id AS ref FROM held h JOIN resource r ON r.seq = h.seq JOIN type t ON t.no = r.type
    WHERE h.key IN (SELECT value FROM json_each(?))`;
  const found = new Map(db.all<{ key: string; ref: string }>(text, JSON.stringify(keys)).map(({ key, ref }) => [key, ref]));
  return keys.map((key) => found.get(key));
}

/** Up to `limit` unique keys after this one, with `Type/id` of their holders. */
export const heldAfter = (
  db: Database,
  { limit, after = "" }: { limit: number; after?: string | undefined },
): { key: string; holder: string }[] =>
  db.all<{ key: string; holder: string }>(
    `SELECT h.key, t.name || '/' || r.id AS holder FROM held h JOIN resource r ON r.seq = h.seq JOIN type t ON t.no = r.type
    WHERE h.key > ? ORDER BY h.key LIMIT ?`,
    after,
    limit,
  );

/** A counter's value; 0 if nothing was added to it. */
export const counterValue = (db: Database, name: string): number =>
  counted(db.get<{ value: number }>("SELECT value FROM counter WHERE name = ?", name)?.value ?? 0);

/** Up to `limit` counters whose name begins with `prefix`, in order of name. */
export function countersFrom(
  db: Database,
  { prefix, limit, after = "" }: { prefix: string; limit: number; after?: string | undefined },
): { name: string; value: number }[] {
  const starts = startsWith("name", prefix);
  const text = `SELECT name, value FROM counter WHERE ${starts.text} AND name > ? ORDER BY name LIMIT ?`;
  return db
    .all<{ name: string; value: number }>(text, ...starts.values, after, limit)
    .map(({ name, value }) => ({ name, value: counted(value) }));
}
