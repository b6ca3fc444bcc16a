/** Writes the search values of resources: keys, ranges and, with full-text search, words. */
import type { IndexRows, KeyRow, RangeRow } from "../../fhir/search/query.ts";
import type { StoreOptions } from "../store.ts";
import type { Database } from "./database.ts";
import type { MultiValuedSlots } from "./multi-valued-slots.ts";

interface StoredRange {
  slot: number;
  low: number;
  high: number;
  unit: string;
}

/** Writes the index rows of one file, inside its write transaction. */
export class IndexWriter {
  readonly #db: Database;
  readonly #several: MultiValuedSlots;
  readonly #text: StoreOptions["text"];

  /** @param text the texts of a resource for full-text search; absent: there is none */
  constructor(db: Database, several: MultiValuedSlots, text: StoreOptions["text"]) {
    this.#db = db;
    this.#several = several;
    this.#text = text;
  }

  /** Writes the rows of a resource that has none yet. */
  insert(seq: number, index: IndexRows): void {
    this.#several.note(index.ranges);
    for (const row of index.keys) this.#insertKey(seq, row);
    for (const row of index.ranges) this.#insertRange(seq, row);
  }

  #insertKey(seq: number, [slot, value]: KeyRow): void {
    this.#db.run("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", seq, slot, value);
  }

  #insertRange(seq: number, [slot, low, high, unit]: RangeRow): void {
    this.#db.run("INSERT OR IGNORE INTO ranges VALUES (?, ?, ?, ?, ?)", seq, slot, low, high, unit);
  }

  /**
   * Writes only the rows that differ: an update changes few of a resource's search values.
   * @returns key values that were removed
   */
  replace(seq: number, index: IndexRows): string[] {
    const released: string[] = [];
    this.#several.note(index.ranges);
    const keys = new Map(index.keys.map((row) => [keyName(row[0], row[1]), row]));
    for (const { slot, value } of this.#db.all<{ slot: number; value: string }>("SELECT slot, value FROM keys WHERE seq = ?", seq)) {
      if (keys.delete(keyName(slot, value))) continue;
      this.#db.run("DELETE FROM keys WHERE seq = ? AND slot = ? AND value = ?", seq, slot, value);
      released.push(value);
    }
    for (const row of keys.values()) this.#insertKey(seq, row);

    const ranges = new Map(index.ranges.map((row) => [rangeName(...row), row]));
    for (const { slot, low, high, unit } of this.#db.all<StoredRange>("SELECT slot, low, high, unit FROM ranges WHERE seq = ?", seq)) {
      if (ranges.delete(rangeName(slot, low, high, unit))) continue;
      this.#db.run("DELETE FROM ranges WHERE seq = ? AND slot = ? AND low = ? AND high = ? AND unit = ?", seq, slot, low, high, unit);
    }
    for (const row of ranges.values()) this.#insertRange(seq, row);
    return released;
  }

  /** @returns the key values that were removed */
  remove(seq: number): string[] {
    const released = this.#db.all<{ value: string }>("DELETE FROM keys WHERE seq = ? RETURNING value", seq);
    this.#db.run("DELETE FROM ranges WHERE seq = ?", seq);
    if (this.#text) this.#db.run("DELETE FROM words WHERE rowid = ?", seq);
    return released.map(({ value }) => value);
  }

  /** Writes a resource's texts for full-text search. */
  writeText(seq: number, json: string, replaces: boolean): void {
    if (!this.#text) return;
    if (replaces) this.#db.run("DELETE FROM words WHERE rowid = ?", seq);
    const text = this.#text(json);
    if (!text) return;
    const [content, narrative] = text;
    this.#db.run("INSERT INTO words (rowid, content, narrative) VALUES (?, ?, ?)", seq, content, narrative);
  }
}

const keyName = (slot: number, value: string): string => `${slot} ${value}`;
const rangeName = (slot: number, low: number, high: number, unit: string): string => `${slot} ${low} ${high} ${unit}`;
