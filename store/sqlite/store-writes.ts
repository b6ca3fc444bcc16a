/** Writes of a SQLite store: at once, and in two phases. */
import { charactersIn, type Effects, lockKeys } from "../plan-write.ts";
import { mayBeRepeated, resultsOfRepeated } from "../repeated-write.ts";
import type { Prepared, Reliance, Store } from "../store.ts";
import { planWrite } from "../write-planner.ts";
import type { Write, WriteKey, WriteResult } from "../writes.ts";
import type { OpenFile } from "./open-file.ts";

/** The operations that write resources and counters. */
export const writesOf = (file: OpenFile): Pick<Store, "write" | "prepare" | "commit" | "abort" | "prepared" | "purge"> => ({
  async write(steps: Write[], key?: WriteKey, reliance?: Reliance): Promise<WriteResult[]> {
    let effects: Effects | undefined;
    const areLooks = steps.every(isOfLook);
    const results = await file.queue.add(
      () => {
        const state = file.writer.state();
        const before =
          key && mayBeRepeated(steps, key, state)
            ? resultsOfRepeated(steps, (type, id) => file.writer.made(type, id, key), state)
            : undefined;
        if (before) return before;
        file.prepared.refuseLocked(lockKeys(steps, reliance));
        const { changes, results, echoes } = planWrite(steps, state, file.writer.now, reliance);
        effects = file.writer.apply(changes, results, undefined, key?.id);
        for (const [step, of] of echoes) {
          const { updated = 0, json } = results[of] ?? {};
          Object.assign(results[step] as WriteResult, { updated, json });
        }
        return results;
      },
      charactersIn(steps),
      file.waitMs,
      areLooks ? "writer" : "readers",
    );
    if (effects) file.tell(effects, areLooks);
    return results;
  },

  async prepare(tx: string, steps: Write[], reliance?: Reliance): Promise<WriteResult[]> {
    return file.queue.add(() => file.prepared.prepare(tx, steps, reliance), charactersIn(steps), file.waitMs);
  },

  async commit(tx: string, at: number): Promise<string[]> {
    const { types, ...effects } = await file.queue.add(() => file.prepared.commit(tx, at), file.prepared.sizeOf(tx), 0);
    file.prepared.ended(tx);
    file.queue.wake();
    file.tell(effects);
    return types;
  },

  async abort(tx: string): Promise<void> {
    await file.queue.add(() => file.prepared.abort(tx), 100, 0);
    file.prepared.ended(tx);
    file.queue.wake();
  },

  prepared(): Promise<Prepared[]> {
    return file.reading(() =>
      file.db.all<Prepared>("SELECT tx, since FROM prepared ORDER BY since").map(({ tx, since }) => ({ tx, since })),
    );
  },

  async purge(type: string, ids: string[]): Promise<void> {
    await file.queue.add(
      () => {
        for (const id of ids) file.writer.purge(type, id);
      },
      1_000 * ids.length,
      0,
    );
  },
});

const isOfLook = (step: Write): boolean => step.op === "emit" && step.queue === "audit";
