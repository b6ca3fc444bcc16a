/** Counters and the durable map of a SQLite store. */
import { meshTime } from "../../mesh/mesh-time.ts";
import type { MapEntry, Store } from "../store.ts";
import { counterValue, countersFrom, entriesFrom, entryValue, leaseEntry, putEntries, usagePage } from "./values.ts";
import type { OpenFile } from "./open-file.ts";

type Values = "counter" | "counters" | "put" | "putAll" | "get" | "lease" | "remove" | "entries" | "usage";

/** The operations on data that is no resource. */
export const valuesOf = (file: OpenFile): Pick<Store, Values> => ({
  counter(name: string): Promise<number> {
    return file.reading(() => counterValue(file.db, name));
  },

  counters(prefix: string, limit: number, after?: string): Promise<{ name: string; value: number }[]> {
    return file.reading(() => countersFrom(file.db, { prefix, limit, after }));
  },

  async put(key: string, value: string, expiresAt?: number): Promise<string> {
    const [stored] = await putAll(file, [{ key, value, ...(expiresAt !== undefined && { expiresAt }) }]);
    return stored as string; // the earlier value, or the new one
  },

  putAll: (entries) => putAll(file, entries),

  get(key: string): Promise<string | undefined> {
    return file.reading(() => entryValue(file.db, key));
  },

  lease(name: string, holder: string, forMs: number): Promise<boolean> {
    return file.queue.add(() => leaseEntry(file.db, { name, holder, now: meshTime.now(), forMs }), 100, 0);
  },

  async remove(key: string): Promise<void> {
    await file.queue.add(() => file.db.run("DELETE FROM map WHERE key = ?", key), 100, 0);
  },

  entries(prefix: string, limit: number): Promise<{ key: string; value: string }[]> {
    return file.reading(() => entriesFrom(file.db, prefix, limit));
  },

  async usage(prefix: string): Promise<{ count: number; bytes: number }> {
    const all = { count: 0, bytes: 0 };
    for (let after: string | undefined = ""; after !== undefined; ) {
      const page = await file.reading(() => usagePage(file.db, prefix, after as string));
      all.count += page.count;
      all.bytes += page.bytes;
      after = page.next;
      await new Promise(setImmediate);
    }
    return all;
  },
});

function putAll(file: OpenFile, entries: MapEntry[]): Promise<(string | undefined)[]> {
  const size = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  return file.queue.add(() => putEntries(file.db, entries, meshTime.now()), size, 0);
}
