/**
 * What a prepared transaction will change, and the locks that it holds: one document for its name, and parts that each fit into a document
 * of MongoDB. All of them are written, and vanish, inside one MongoDB transaction.
 */
import type { ClientSession } from "mongodb";
import type { IndexRows } from "../../fhir/search/query.ts";
import { MAX_ENDED, transactionEnded } from "../ended-transactions.ts";
import { type PlannedChange, jsonOf } from "../plan-write.ts";
import type { Prepared, StoreOptions } from "../store.ts";
import type { Collections, EndedDocument, PreparedDocument, PreparedPart } from "./schema.ts";
import { bytesIn, inGroups } from "./sizes.ts";

/** Bytes (BSON) of a part: a good deal less than MongoDB's 16 MB. A change that is larger is a part of its own; `sizes.ts` bounds it. */
const PART_BYTES = 4 * 1024 * 1024;
/** Of so many that are noted as ended by one process, at once those that are too many are forgotten. */
const PRUNE_EVERY = 1_024;
/** Index rows as they are kept here: as texts, which takes a fifth of the room of arrays. */
type Stored = Exclude<PlannedChange, { kind: "put" }> | (Omit<Extract<PlannedChange, { kind: "put" }>, "index"> & { index: string });

/** What is prepared, not what was ended before. */
const PREPARED = { since: { $exists: true } };
/** Locks and further parts are for processes of an earlier version beside this one: they take it for prepared, and end it. */
const ENDED = { $set: { locks: [], more: 0 }, $currentDate: { endedAt: true as const } };
const isPrepared = (tx: string) => ({ _id: tx, ...PREPARED });

/** The prepared transactions of one store, and those that were ended before they were prepared. */
export class PreparedTransactions {
  readonly #collections: Collections;
  readonly #options: StoreOptions;
  #noted = 0;

  constructor(collections: Collections, options: StoreOptions) {
    this.#collections = collections;
    this.#options = options;
  }

  async has(tx: string): Promise<boolean> {
    return (await this.#collections.prepared.findOne(isPrepared(tx), { projection: { _id: 1 } })) !== null;
  }

  /** What is put under this name is all that there is. @throws StoreError TRANSACTION_ENDED */
  async refuseKnown(tx: string, session: ClientSession): Promise<void> {
    const known = await this.#collections.prepared.findOne({ _id: tx }, { session, projection: { since: 1 } });
    if (known && "since" in known) throw new Error(`The transaction ${tx} is prepared already.`);
    if (known) throw transactionEnded();
  }

  /**
   * Nothing can be put under this name any more, for which nothing is there. What is being put at this moment has the same id: one of the two is
   * a write conflict, and looks again. When it ended is said by the database server, whose clock also tells when it is forgotten.
   */
  async noteEnded(tx: string, session: ClientSession): Promise<void> {
    await this.#collections.prepared.updateOne({ _id: tx }, ENDED, { session, upsert: true });
  }

  /** Forgets the oldest of what has ended, if they are too many: looked at now and then. */
  async prune(): Promise<void> {
    this.#noted += 1;
    if (this.#noted % PRUNE_EVERY !== 0) return;
    const { prepared } = this.#collections;
    const newest = prepared.find({ endedAt: { $exists: true } }, { projection: { endedAt: 1 } }).sort({ endedAt: -1 });
    const [first] = (await newest.skip(MAX_ENDED).limit(1).toArray()) as Pick<EndedDocument, "endedAt">[];
    if (first) await prepared.deleteMany({ endedAt: { $lte: first.endedAt } });
  }

  async put(tx: string, { changes, locks }: { changes: PlannedChange[]; locks: Set<string> }, session: ClientSession): Promise<void> {
    const parts = partsOf(changes, [...locks]);
    const [first = { changes: [], locks: [] }, ...more] = parts;
    const { indexVersion } = this.#options;
    await this.#collections.prepared.insertOne({ _id: tx, since: Date.now(), indexVersion, ...first, more: more.length }, { session });
    // One by one: together they may be more than one message of MongoDB takes.
    for (const [place, part] of more.entries()) {
      await this.#collections.prepared_part.insertOne({ _id: `${tx}/${place}`, tx, place, ...part }, { session });
    }
  }

  /** What was put under the name, in its order; undefined when there is nothing. @param at time of what is being committed, milliseconds */
  async get(tx: string, at: number, session: ClientSession): Promise<{ changes: PlannedChange[]; locks: string[] } | undefined> {
    const prepared = await this.#collections.prepared.findOne<PreparedDocument>(isPrepared(tx), { session });
    if (!prepared) return undefined;
    const parts = [prepared, ...(await this.#further(prepared, session))];
    const { indexVersion, reindex } = this.#options;
    const isCurrent = prepared.indexVersion === indexVersion;
    const indexed = (stored: Stored): PlannedChange => {
      if (stored.kind !== "put") return stored;
      const { type, id, version, body } = stored;
      // Search values may have been computed before their meaning changed.
      const index = isCurrent ? (JSON.parse(stored.index) as IndexRows) : reindex(jsonOf(type, id, version, at, body));
      return { ...stored, index };
    };
    return {
      changes: parts.flatMap(({ changes }) => (changes as Stored[]).map(indexed)),
      locks: parts.flatMap(({ locks }) => locks),
    };
  }

  /** Ends it: nothing of it is there any more. @returns the locks that it held; undefined when there was nothing */
  async remove(tx: string, session: ClientSession): Promise<string[] | undefined> {
    const projection = { locks: 1, more: 1 };
    const prepared = (await this.#collections.prepared.findOneAndDelete(isPrepared(tx), {
      session,
      projection,
    })) as PreparedDocument | null;
    if (!prepared) return undefined;
    const further = await this.#further(prepared, session, { locks: 1 });
    if (prepared.more > 0) await this.#collections.prepared_part.deleteMany({ tx }, { session });
    return [prepared, ...further].flatMap(({ locks }) => locks);
  }

  async #further({ _id: tx, more }: Pick<PreparedDocument, "_id" | "more">, session: ClientSession, projection: object = {}) {
    if (more === 0) return [];
    return this.#collections.prepared_part.find({ tx }, { session, projection }).sort({ tx: 1, place: 1 }).toArray();
  }

  /** All of them, the oldest first. */
  async list(): Promise<Prepared[]> {
    const found = await this.#collections.prepared
      .find<PreparedDocument>(PREPARED, { projection: { since: 1 } })
      .sort({ since: 1 })
      .toArray();
    return found.map(({ _id, since }) => ({ tx: _id, since }));
  }
}

/** Changes first, then locks; each part fits into a document. */
function partsOf(changes: PlannedChange[], locks: string[]): PreparedPart[] {
  const stored = changes.map(toStored);
  const whole = { changes: stored, locks };
  if (bytesIn(whole) <= PART_BYTES) return [whole];
  return [
    ...[...inGroups(stored, bytesIn, PART_BYTES)].map((group) => ({ changes: group, locks: [] })),
    ...[...inGroups(locks, (lock) => bytesIn({ lock }), PART_BYTES)].map((group) => ({ changes: [], locks: group })),
  ];
}

const toStored = (change: PlannedChange): Stored => (change.kind === "put" ? { ...change, index: JSON.stringify(change.index) } : change);
