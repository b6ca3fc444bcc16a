/** Counters and the durable map of a MongoDB store. */
import type { MapEntry, Store } from "../store.ts";
import type { OpenDatabase } from "./open-database.ts";
import { countersFrom, counterValue, entriesFrom, entryValue, leaseEntry, putEntries, usageOf } from "./values.ts";

type Values = "counter" | "counters" | "put" | "putAll" | "get" | "lease" | "remove" | "entries" | "usage";

/** The operations on data that is no resource. */
export const valuesOf = (database: OpenDatabase): Pick<Store, Values> => ({
  counter(name: string): Promise<number> {
    return database.run(() => counterValue(database.collections, name));
  },

  counters(prefix: string, limit: number, after?: string): Promise<{ name: string; value: number }[]> {
    return database.run(() => countersFrom(database.collections, { prefix, limit, after }));
  },

  async put(key: string, value: string, expiresAt?: number): Promise<string> {
    const [stored] = await putAll(database, [{ key, value, ...(expiresAt !== undefined && { expiresAt }) }]);
    return stored as string; // the earlier value, or the new one
  },

  putAll: (entries) => putAll(database, entries),

  get(key: string): Promise<string | undefined> {
    return database.run(() => entryValue(database.collections, key));
  },

  lease(name: string, holder: string, forMs: number): Promise<boolean> {
    return database.run(() => leaseEntry(database.collections, name, holder, forMs));
  },

  async remove(key: string): Promise<void> {
    await database.run(() => database.collections.map.deleteOne({ _id: key }));
  },

  entries(prefix: string, limit: number): Promise<{ key: string; value: string }[]> {
    return database.run(() => entriesFrom(database.collections, prefix, limit));
  },

  usage(prefix: string): Promise<{ count: number; bytes: number }> {
    return database.run(() => usageOf(database.collections, prefix));
  },
});

function putAll(database: OpenDatabase, entries: MapEntry[]): Promise<(string | undefined)[]> {
  return database.transaction((session) => putEntries(database.collections, session, entries));
}
