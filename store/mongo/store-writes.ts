/** Writes of a MongoDB store: at once, and in two phases. */
import { setTimeout as delay } from "node:timers/promises";
import { type Effects, lockKeys, reliedKeys, typesIn } from "../plan-write.ts";
import { mayBeRepeated, resultsOfRepeated } from "../repeated-write.ts";
import type { Prepared, Reliance, Store } from "../store.ts";
import { planWrite } from "../write-planner.ts";
import type { Write, WriteKey, WriteResult } from "../writes.ts";
import { Lease } from "./lease.ts";
import type { OpenDatabase } from "./open-database.ts";
import { refuseTooLarge } from "./sizes.ts";

const COMMIT_POLL_MS = 50;
/** Longest wait of a write for others of this process that write the same, milliseconds. */
const MAX_QUEUE_MS = 5_000;

/** The operations that write resources and counters. */
export const writesOf = (database: OpenDatabase): Pick<Store, "write" | "prepare" | "commit" | "abort" | "prepared" | "purge"> => ({
  write(steps: Write[], key?: WriteKey, reliance?: Reliance): Promise<WriteResult[]> {
    // Writes of the same resource, counter or key would abort one another's transactions: within this process they run one after the other.
    return database.queue.run([...lockKeys(steps, reliance), ...reliedKeys(reliance)], performance.now() + MAX_QUEUE_MS, () =>
      writeNow(database, steps, key, reliance),
    );
  },

  prepare(tx: string, steps: Write[], reliance?: Reliance): Promise<WriteResult[]> {
    return database.waiting(async (session) => {
      await database.prepared.refuseKnown(tx, session);
      const state = await database.writer.state(steps, session, reliance);
      const { changes, results, locks } = planWrite(steps, state, Date.now(), reliance);
      refuseTooLarge(changes);
      await database.locks.lock(locks, tx, session);
      await database.prepared.put(tx, { changes, locks }, session);
      return results;
    });
  },

  /** Joins a running commit of this process, and waits for one of another process, so that one runs at a time. */
  commit(tx: string, at: number): Promise<string[]> {
    const known = database.commits.get(tx);
    if (known) return known;
    const commit = commitOnce(database, tx, at).finally(() => database.commits.delete(tx));
    database.commits.set(tx, commit);
    return commit;
  },

  async abort(tx: string): Promise<void> {
    const isNoted = await database.transaction(async (session) => {
      const locks = await database.prepared.remove(tx, session);
      if (locks) await database.locks.unlock(locks, tx, session);
      else await database.prepared.noteEnded(tx, session);
      return locks === undefined;
    });
    if (isNoted) await database.run(() => database.prepared.prune());
  },

  prepared(): Promise<Prepared[]> {
    return database.run(() => database.prepared.list());
  },

  async purge(type: string, ids: string[]): Promise<void> {
    const { resource, history, held } = database.collections;
    const refs = ids.map((id) => `${type}/${id}`);
    await database.transaction(async (session) => {
      await resource.deleteMany({ _id: { $in: refs } }, { session });
      await history.deleteMany({ type, id: { $in: ids } }, { session });
      await held.deleteMany({ ref: { $in: refs } }, { session });
    });
  },
});

async function writeNow(
  database: OpenDatabase,
  steps: Write[],
  key: WriteKey | undefined,
  reliance: Reliance | undefined,
): Promise<WriteResult[]> {
  let effects: Effects | undefined;
  const results = await database.waiting(async (session) => {
    const state = await database.writer.state(steps, session, reliance);
    const made = key && mayBeRepeated(steps, key, state) ? await database.writer.made(steps, key, session) : undefined;
    const before = made && resultsOfRepeated(steps, (type, id) => made.get(`${type}/${id}`), state);
    if (before) return before;
    const { changes, results, echoes } = planWrite(steps, state, Date.now(), reliance);
    refuseTooLarge(changes);
    effects = await database.writer.apply(changes, results, session, { key: key?.id });
    for (const [step, of] of echoes) {
      const { updated = 0, json } = results[of] ?? {};
      Object.assign(results[step] as WriteResult, { updated, json });
    }
    return results;
  });
  if (effects) database.tell(effects);
  return results;
}

async function commitOnce(database: OpenDatabase, tx: string, at: number): Promise<string[]> {
  const lease = new Lease(database.collections.map, `commit/${tx}`);
  for (;;) {
    if (!(await database.run(() => database.prepared.has(tx)))) return [];
    if (await database.run(() => lease.take())) break;
    await delay(COMMIT_POLL_MS);
  }
  try {
    return await commitLeased(database, tx, at);
  } finally {
    await lease.give().catch(() => {}); // it expires by itself
  }
}

async function commitLeased(database: OpenDatabase, tx: string, at: number): Promise<string[]> {
  let effects: Effects | undefined;
  const types = await database.transaction(async (session) => {
    const prepared = await database.prepared.get(tx, at, session);
    if (!prepared) return [];
    const { changes, locks } = prepared;
    effects = await database.writer.apply(changes, [], session, { at, tx });
    await database.locks.unlock(locks, tx, session);
    await database.prepared.remove(tx, session);
    return typesIn(changes);
  });
  if (effects) database.tell(effects);
  return types;
}
