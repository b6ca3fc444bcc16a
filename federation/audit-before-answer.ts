/**
 * A gateway waits once for the audit entries of all owners of its process that a request has read from, instead of each owner before its part of the
 * answer: the entries of one request then share commits. Owners in other processes wait themselves.
 */

/** Key in the meta of the request's calls: a symbol, which calls to other processes cannot carry. */
const ENTRIES = Symbol("audit entries of the request");
/** Entries of one request that are not waited for at once. */
const MAX_ENTRIES = 50;

/** Entries that are being written; undefined once the request has been answered. */
interface Entries {
  written: Promise<void>[] | undefined;
}

/** The meta of a call. */
type Meta = object & { [ENTRIES]?: Entries };

/**
 * Asks for the answer to a request that changes nothing, and waits until everything is recorded that was read for it.
 * @param meta of the request
 * @throws when something could not be recorded: the answer may not be sent then; else what `ask` throws
 */
export async function whenRecorded<T>(meta: Meta, ask: () => Promise<T>): Promise<T> {
  const entries: Entries = { written: [] };
  meta[ENTRIES] = entries;
  try {
    return await ask();
  } finally {
    const { written } = entries;
    entries.written = undefined; // work that goes on behind the answer waits itself
    await Promise.all(written ?? []);
  }
}

/**
 * Waits for an entry, or leaves that to the gateway.
 * @param meta of the call that has read @param written resolves when the entry is on disk
 */
export async function beforeAnswer(meta: Meta, written: Promise<void>): Promise<void> {
  const entries = meta[ENTRIES];
  if (!entries?.written) return written;
  written.catch(() => {}); // the gateway is told
  entries.written.push(written);
  if (entries.written.length < MAX_ENTRIES) return;
  const all = Promise.all(entries.written).then(() => {});
  entries.written = [all]; // who asked may do without this part of the answer: the gateway still has to know
  await all;
}
