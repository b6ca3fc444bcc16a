/** The small durable map for what is no FHIR resource. */
import type { MapEntry } from "../store.ts";
import type { Database } from "./database.ts";

/** Expired entries that one write clears away. */
const EXPIRED_PER_PUT = 10;

/** Stores all of these if none of their keys is there; what is stored under each now. Inside a write transaction of the file. */
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
