/** The locks of prepared transactions: a mark on each document that the commit will change. */
import type { ClientSession } from "mongodb";
import { meshTime } from "../../mesh/mesh-time.ts";
import { reliedId, touched } from "./fences.ts";
import type { Collections } from "./schema.ts";

/** Age at which a claim is removed if its transaction has not ended it, milliseconds. */
const CLAIM_MS = 86_400_000;

/** Filter for documents that no prepared transaction has locked. */
export const free = { $exists: false };

/** The locks of prepared transactions, by the names that `lockKeys` gives. */
export class Locks {
  readonly #collections: Collections;

  constructor(collections: Collections) {
    this.#collections = collections;
  }

  /** Locks everything that a prepared transaction will change, until `unlock`. */
  async lock(locks: Iterable<string>, tx: string, session: ClientSession): Promise<void> {
    const { resource, held, counter, condition, handled } = this.#collections;
    const of = (wanted: string): string[] => parts(locks).flatMap(([kind, key]) => (kind === wanted ? [key] : []));
    const [refs, keys, names, conditions, events] = [of("resource"), of("unique"), of("counter"), of("condition"), of("once")];
    const claim = <Absent extends object>(_id: string, absent: Absent) => ({
      updateOne: { filter: { _id, lock: free }, update: { $set: { lock: tx }, $setOnInsert: absent }, upsert: true },
    });
    const absent = (key: string) => {
      const [type, id] = [key.slice(0, key.indexOf("/")), key.slice(key.indexOf("/") + 1)];
      return { type, id, version: 0, updated: 0, method: "none" as const, living: false };
    };
    if (refs.length > 0) {
      await resource.bulkWrite(
        refs.map((key) => claim(key, absent(key))),
        { session },
      );
    }
    if (keys.length > 0) {
      await held.bulkWrite(
        keys.map((key) => claim(key, { ref: "", isClaim: true })),
        { session },
      );
    }
    if (names.length > 0) {
      await counter.bulkWrite(
        names.map((key) => claim(key, { value: 0 })),
        { session },
      );
    }
    if (events.length > 0) {
      await handled.bulkWrite(
        events.map((key) => claim(key, { expires: new Date(meshTime.now() + CLAIM_MS), isClaim: true })),
        { session },
      );
    }
    if (conditions.length > 0) {
      await condition.bulkWrite(
        conditions.map((_id) => ({
          updateOne: { filter: { _id, lock: free }, update: { $set: { lock: tx }, $setOnInsert: { writes: 0 }, ...touched }, upsert: true },
        })),
        { session },
      );
    }
    const relied = of("relied").map(reliedId);
    if (relied.length > 0) await condition.updateMany({ _id: { $in: relied } }, { $addToSet: { relying: tx } }, { session });
  }

  /** Releases what the transaction `tx` still holds; documents that exist only for a lock are removed. */
  async unlock(locks: string[], tx: string, session: ClientSession): Promise<void> {
    const { resource, held, counter, condition, handled } = this.#collections;
    const of = (wanted: string): string[] => parts(locks).flatMap(([kind, key]) => (kind === wanted ? [key] : []));
    const unset = { $unset: { lock: "" as const } };
    const [refs, keys, names, conditions, events] = [of("resource"), of("unique"), of("counter"), of("condition"), of("once")];
    if (events.length > 0) await handled.deleteMany({ _id: { $in: events }, lock: tx, isClaim: true }, { session });
    if (refs.length > 0) {
      await resource.deleteMany({ _id: { $in: refs }, lock: tx, method: "none" }, { session });
      await resource.updateMany({ _id: { $in: refs }, lock: tx }, unset, { session });
    }
    if (keys.length > 0) {
      await held.deleteMany({ _id: { $in: keys }, lock: tx, isClaim: true }, { session });
      await held.updateMany({ _id: { $in: keys }, lock: tx }, unset, { session });
    }
    if (names.length > 0) await counter.updateMany({ _id: { $in: names }, lock: tx }, unset, { session });
    if (conditions.length > 0) await condition.updateMany({ _id: { $in: conditions }, lock: tx }, unset, { session });
    const relied = of("relied").map(reliedId);
    if (relied.length > 0) await condition.updateMany({ _id: { $in: relied } }, { $pull: { relying: tx } }, { session });
  }
}

function parts(locks: Iterable<string>): [kind: string, key: string][] {
  return [...locks].map((lock) => [lock.slice(0, lock.indexOf(":")), lock.slice(lock.indexOf(":") + 1)]);
}
