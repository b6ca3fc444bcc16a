/**
 * The slots in which some resource has, or once had, more than one range. In all other slots a resource's only range decides whether it matches
 * and where it sorts, so that a search may read just the values that it asks for.
 */
import type { RangeRow } from "../../fhir/search/query.ts";
import type { Database } from "./database.ts";

/** The slots in which a resource may have more than one range row; a slot is never removed. */
export class MultiValuedSlots {
  readonly #db: Database;
  readonly #known = new Set<number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Whether a slot is one of them, in the present snapshot. */
  has(slot: number): boolean {
    return this.#db.get("SELECT 1 FROM several WHERE slot = ?", slot) !== undefined;
  }

  /** Notes the slots of a resource that is about to be written. Inside a write transaction only. */
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

  /** Drops what was noted in a transaction that was rolled back. */
  forget(): void {
    this.#known.clear();
  }
}
