/**
 * The changes and locks of prepared transactions: one document under the transaction's name, and parts that each fit into a MongoDB
 * document. All of them are written, and removed, inside one MongoDB transaction.
 */
import type { ClientSession } from "mongodb";
import type { IndexRows } from "../../fhir/search/query.ts";
import { MAX_ENDED, transactionEnded } from "../ended-transactions.ts";
import { type PlannedChange, jsonOf } from "../plan-write.ts";
import type { Prepared, StoreOptions } from "../store.ts";
import type { Collections, EndedDocument, PreparedDocument, PreparedPart } from "./schema.ts";
import { bytesIn, inGroups } from "./sizes.ts";

/** Bytes (BSON) of a part, well below MongoDB's 16 MB. A larger change is a part of its own; `sizes.ts` limits it. */
const PART_BYTES = 4 * 1024 * 1024;
/** After this many transactions that one process has noted as ended, the surplus is removed. */
const PRUNE_EVERY = 1_024;
/** Index rows as stored: as text, which takes a fifth of the space of arrays. */
type Stored = Exclude<PlannedChange, { kind: "put" }> | (Omit<Extract<PlannedChange, { kind: "put" }>, "index"> & { index: string });

/** Filter for prepared transactions, without those that are noted as ended. */
const PREPARED = { since: { $exists: true } };
/** Has `locks` and `more` for processes of an earlier version, which take it for a prepared transaction and abort it. */
const ENDED = { $set: { locks: [], more: 0 }, $currentDate: { endedAt: true as const } };
const isPrepared = (tx: string) => ({ _id: tx, ...PREPARED });

/** The prepared transactions of one store, and those that ended before they were prepared. */
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

  /** Does nothing if the transaction is unknown. @throws StoreError TRANSACTION_ENDED if it has ended */
  async refuseKnown(tx: string, session: ClientSession): Promise<void> {
    const known = await this.#collections.prepared.findOne({ _id: tx }, { session, projection: { since: 1 } });
    if (known && "since" in known) throw new Error(`The transaction ${tx} is prepared already.`);
    if (known) throw transactionEnded();
  }

  /**
   * Notes an unknown transaction as ended, so that it can no longer be prepared. A concurrent prepare has the same id: one of the two meets a write
   * conflict and repeats. The time is that of the database server, whose clock also decides when the note expires.
   */
  async noteEnded(tx: string, session: ClientSession): Promise<void> {
    await this.#collections.prepared.updateOne({ _id: tx }, ENDED, { session, upsert: true });
  }

  /** Removes the oldest notes of ended transactions if there are too many; checked now and then. */
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
    // One at a time: together they may exceed the size of a MongoDB message.
    for (const [place, part] of more.entries()) {
      await this.#collections.prepared_part.insertOne({ _id: `${tx}/${place}`, tx, place, ...part }, { session });
    }
  }

  /** The changes and locks of a transaction, in their order; undefined if it is not prepared. @param at time of the commit, milliseconds */
  async get(tx: string, at: number, session: ClientSession): Promise<{ changes: PlannedChange[]; locks: string[] } | undefined> {
    const prepared = await this.#collections.prepared.findOne<PreparedDocument>(isPrepared(tx), { session });
    if (!prepared) return undefined;
    const parts = [prepared, ...(await this.#further(prepared, session))];
    const { indexVersion, reindex } = this.#options;
    const isCurrent = prepared.indexVersion === indexVersion;
    const indexed = (stored: Stored): PlannedChange => {
      if (stored.kind !== "put") return stored;
      const { type, id, version, body } = stored;
      // The search values may have been computed before their meaning changed.
      const index = isCurrent ? (JSON.parse(stored.index) as IndexRows) : reindex(jsonOf(type, id, version, at, body));
      return { ...stored, index };
    };
    return {
      changes: parts.flatMap(({ changes }) => (changes as Stored[]).map(indexed)),
      locks: parts.flatMap(({ locks }) => locks),
    };
  }

  /** Removes the transaction. @returns its locks; undefined if it was not prepared */
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

  /** All prepared transactions, the oldest first. */
  async list(): Promise<Prepared[]> {
    const found = await this.#collections.prepared
      .find<PreparedDocument>(PREPARED, { projection: { since: 1 } })
      .sort({ since: 1 })
      .toArray();
    return found.map(({ _id, since }) => ({ tx: _id, since }));
  }
}

/** Divides changes, then locks, into parts that each fit into a document. */
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
