/** The numbers of resource types in a file, and how many resources of each are living. */
import type { Database } from "./database.ts";

/** The numbers of the resource types in one file, and the counts of their living resources. */
export class Types {
  readonly #db: Database;
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();
  /** Types that the file has never held, as of the other processes' commits at `#absentAt`. */
  readonly #absent = new Set<string>();
  #absentAt = -1;

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

  /** Those whose type the file has ever held. That it has not is remembered until another process commits. */
  held<One extends { type: string }>(all: readonly One[]): One[] {
    const commits = this.#db.commitsOfOthers();
    if (commits !== this.#absentAt) this.#absent.clear();
    this.#absentAt = commits;
    return all.filter(({ type }) => this.#numbers.has(type) || (!this.#absent.has(type) && this.#isHeld(type)));
  }

  #isHeld(name: string): boolean {
    const isKnown = this.find(name) !== undefined;
    if (!isKnown) this.#absent.add(name);
    return isKnown;
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
    this.#absent.delete(name);
    this.#names.set(no, name);
    return no;
  }
}
