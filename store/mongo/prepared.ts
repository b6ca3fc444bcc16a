/**
 * What a prepared transaction will change, and the locks that it holds: one document for its name, and parts that each fit into a document
 * of MongoDB. All of them are written, and vanish, inside one MongoDB transaction.
 */
import type { ClientSession } from "mongodb";
import type { IndexRows } from "../../fhir/search/query.ts";
import { type PlannedChange, jsonOf } from "../plan-write.ts";
import type { Prepared, StoreOptions } from "../store.ts";
import type { Collections, PreparedDocument, PreparedPart } from "./schema.ts";
import { bytesIn, inGroups } from "./sizes.ts";

/** Bytes (BSON) of a part: a good deal less than MongoDB's 16 MB. A change that is larger is a part of its own; `sizes.ts` bounds it. */
const PART_BYTES = 4 * 1024 * 1024;
/** Index rows as they are kept here: as texts, which takes a fifth of the room of arrays. */
type Stored = Exclude<PlannedChange, { kind: "put" }> | (Omit<Extract<PlannedChange, { kind: "put" }>, "index"> & { index: string });

/** The prepared transactions of one store. */
export class PreparedTransactions {
  readonly #collections: Collections;
  readonly #options: StoreOptions;

  constructor(collections: Collections, options: StoreOptions) {
    this.#collections = collections;
    this.#options = options;
  }

  async has(tx: string, session?: ClientSession): Promise<boolean> {
    return (await this.#collections.prepared.findOne({ _id: tx }, { ...(session && { session }), projection: { _id: 1 } })) !== null;
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
    const prepared = await this.#collections.prepared.findOne({ _id: tx }, { session });
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
    const prepared = await this.#collections.prepared.findOneAndDelete({ _id: tx }, { session, projection });
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
    const found = await this.#collections.prepared.find({}, { projection: { since: 1 } }).toArray();
    return found.map(({ _id, since }) => ({ tx: _id, since })).sort((a, b) => a.since - b.since);
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
