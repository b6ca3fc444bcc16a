/**
 * In which slots some resource has, or once had, more than one range. In all others a resource's only range tells whether it answers a
 * question about the slot and where it stands in the order of the slot, so that a search may walk just the values that it asks for.
 */
import type { RangeRow } from "../../fhir/search/query.ts";
import type { Database } from "./database.ts";

/** The slots in which a resource may have more than one range row; once such, always such. */
export class MultiValuedSlots {
  readonly #db: Database;
  readonly #known = new Set<number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** In the snapshot at hand. */
  has(slot: number): boolean {
    return this.#db.get("SELECT 1 FROM several WHERE slot = ?", slot) !== undefined;
  }

  /** Notes what a resource is about to have. Inside a write transaction only. */
  note(ranges: RangeRow[]): void {
    if (ranges.length < 2) return;
    const seen = new Set<number>();
    for (const [slot] of ranges) {
      if (seen.has(slot) && !this.#known.has(slot)) {
        this.#db.run("INSERT INTO several VALUES (?) ON CONFLICT DO NOTHING", slot);
        this.#known.add(slot);
      }
      seen.add(slot);
    }
  }

  /** After a rollback: what was noted in it never happened. */
  forget(): void {
    this.#known.clear();
  }
}
