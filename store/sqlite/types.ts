/** The numbers of resource types in a file, and how many resources of each are living. */
import type { Database } from "./database.ts";

/** The numbers of the resource types in one file, and the counts of their living resources. */
export class Types {
  readonly #db: Database;
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The number of a type; undefined when the file has never held one. */
  find(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const row = this.#db.get<{ no: number }>("SELECT no FROM type WHERE name = ?", name);
    return row && this.#learn(row.no, name);
  }

  /** The number of a type, which gets one if it has none. Inside a write transaction only. */
  intern(name: string): number {
    const known = this.find(name);
    if (known !== undefined) return known;
    const row = this.#db.one<{ no: number }>("INSERT INTO type (name) VALUES (?) RETURNING no", name);
    return this.#learn(row.no, name);
  }

  name(no: number): string {
    const known = this.#names.get(no);
    if (known !== undefined) return known;
    const row = this.#db.one<{ name: string }>("SELECT name FROM type WHERE no = ?", no);
    this.#learn(no, row.name);
    return row.name;
  }

  all(): { no: number; name: string; living: number }[] {
    return this.#db.all("SELECT no, name, living FROM type ORDER BY name");
  }

  /** Drops what was interned in a transaction that was rolled back. */
  forget(): void {
    this.#numbers.clear();
    this.#names.clear();
  }

  #learn(no: number, name: string): number {
    this.#numbers.set(name, no);
    this.#names.set(no, name);
    return no;
  }
}
