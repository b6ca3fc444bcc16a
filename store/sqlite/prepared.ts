/**
 * Prepared writes: each is stored whole as one text, invisible, with a row per lock. The commit makes exactly what was checked and checks
 * nothing again, since the locks have kept everything that the check depended on.
 */
import { type PlannedChange, type Effects, jsonOf, lockKeys, RELIED, typesIn } from "../plan-write.ts";
import { ENDED_KEPT_MS, MAX_ENDED, transactionEnded } from "../ended-transactions.ts";
import { planWrite } from "../write-planner.ts";
import type { Reliance, StoreOptions } from "../store.ts";
import type { Write, WriteResult } from "../writes.ts";
import type { Database } from "./database.ts";
import { Blocked, Misuse } from "./commit-queue.ts";
import type { Writer } from "./write.ts";

/** Characters of prepared changes that are kept in memory for the commit that usually follows; others are read from the file. */
const KEPT_SIZE = 8_000_000;

interface Payload {
  /** Version of the index that the changes' search values belong to. */
  indexVersion: string;
  changes: PlannedChange[];
}

/** The prepared writes of one file: made, committed, aborted, listed. */
export class PreparedWrites {
  readonly #db: Database;
  readonly #writer: Writer;
  readonly #options: StoreOptions;
  readonly #kept = new Map<string, { changes: PlannedChange[]; size: number }>();
  #keptSize = 0;
  #mayHaveAny = true;

  constructor(db: Database, writer: Writer, options: StoreOptions) {
    this.#db = db;
    this.#writer = writer;
    this.#options = options;
  }

  /** Whether a transaction is prepared. @remarks for a process that alone writes to the file: it remembers that there is none */
  hasAny(): boolean {
    this.#mayHaveAny &&= this.#db.get("SELECT 1 FROM prepared LIMIT 1") !== undefined;
    return this.#mayHaveAny;
  }

  /** @throws Blocked when a prepared transaction holds one of the locks */
  refuseLocked(keys: string[]): void {
    if (!this.#db.get("SELECT 1 FROM lock LIMIT 1")) return;
    const row =
      keys.length === 1
        ? this.#db.get<{ tx: string }>("SELECT tx FROM lock WHERE key = ?", keys[0] as string)
        : this.#db.get<{ tx: string }>(
            "SELECT l.tx FROM json_each(?) j CROSS JOIN lock l ON l.key = j.value LIMIT 1",
            JSON.stringify(keys),
          );
    if (row) throw new Blocked(row.tx);
  }

  prepare(tx: string, steps: Write[], reliance?: Reliance): WriteResult[] {
    if (this.#db.get("SELECT 1 FROM prepared WHERE tx = ?", tx)) throw new Misuse(`The transaction ${tx} is prepared already.`);
    if (this.#db.get("SELECT 1 FROM ended WHERE tx = ?", tx)) throw transactionEnded();
    this.refuseLocked(lockKeys(steps, reliance));
    const { changes, results, locks } = planWrite(steps, this.#writer.state(), this.#writer.now, reliance);
    const payload: Payload = { indexVersion: this.#options.indexVersion, changes };
    const text = JSON.stringify(payload);
    this.#mayHaveAny = true;
    this.#db.run("INSERT INTO prepared VALUES (?, ?, ?)", tx, this.#writer.now, text);
    for (const key of locks) if (!key.startsWith(RELIED)) this.#db.run("INSERT INTO lock VALUES (?, ?)", key, tx);
    this.#keep(tx, changes, text.length);
    return results;
  }

  /** @throws Blocked when a prepared transaction other than `tx` mentions the resource (or one whose id begins with its id) */
  refuseMentioned(reference: string, tx = ""): void {
    const row = this.#db.get<{ tx: string }>("SELECT tx FROM prepared WHERE instr(payload, ?) > 0 AND tx <> ? LIMIT 1", reference, tx);
    if (row) throw new Blocked(row.tx);
  }

  /** @returns the types of the changed resources, and the effects */
  commit(tx: string, at: number): { types: string[] } & Effects {
    const changes = this.#changes(tx);
    if (!changes) return { types: [], hasEvents: false, versions: [] };
    const effects = this.#writer.apply(changes, [], at);
    this.#remove(tx);
    return { types: typesIn(changes), ...effects };
  }

  /** Aborts a prepared transaction; one that is not prepared here is noted as ended, since its prepare may still arrive. */
  abort(tx: string): void {
    if (this.#db.get("SELECT 1 FROM prepared WHERE tx = ?", tx)) this.#remove(tx);
    else this.#noteEnded(tx);
  }

  #remove(tx: string): void {
    this.#db.run("DELETE FROM lock WHERE tx = ?", tx);
    this.#db.run("DELETE FROM prepared WHERE tx = ?", tx);
  }

  #noteEnded(tx: string): void {
    const { now } = this.#writer;
    this.#db.run("INSERT OR IGNORE INTO ended (tx, at) VALUES (?, ?)", tx, now);
    this.#db.run("DELETE FROM ended WHERE at < ?", now - ENDED_KEPT_MS);
    this.#db.run("DELETE FROM ended WHERE no <= (SELECT max(no) FROM ended) - ?", MAX_ENDED);
  }

  /** Size of what a commit will write, if this process knows it. */
  sizeOf(tx: string): number {
    return this.#kept.get(tx)?.size ?? 100_000;
  }

  /** Forgets the transaction, once its commit or abort is durable. */
  ended(tx: string): void {
    this.#keptSize -= this.#kept.get(tx)?.size ?? 0;
    this.#kept.delete(tx);
  }

  #keep(tx: string, changes: PlannedChange[], size: number): void {
    this.ended(tx); // it may be prepared again, after another job of the same commit has failed
    if (size > KEPT_SIZE) return;
    // The oldest are dropped: another process of this file has probably ended them.
    for (const oldest of this.#kept.keys()) {
      if (this.#keptSize + size <= KEPT_SIZE) break;
      this.ended(oldest);
    }
    this.#kept.set(tx, { changes, size });
    this.#keptSize += size;
  }

  #changes(tx: string): PlannedChange[] | undefined {
    const kept = this.#kept.get(tx);
    if (kept) return this.#db.get("SELECT 1 FROM prepared WHERE tx = ?", tx) && kept.changes;
    const row = this.#db.get<{ payload: string }>("SELECT payload FROM prepared WHERE tx = ?", tx);
    if (!row) return undefined;
    const { indexVersion, changes } = JSON.parse(row.payload) as Payload;
    if (indexVersion === this.#options.indexVersion) return changes;
    return changes.map((change) => (change.kind === "put" ? { ...change, index: this.#reindexed(change) } : change));
  }

  /** Search values of a change that was prepared before their meaning changed. */
  #reindexed({ type, id, version, body }: Extract<PlannedChange, { kind: "put" }>) {
    return this.#options.reindex(jsonOf(type, id, version, 0, body));
  }
}
