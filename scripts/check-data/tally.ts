/** Sums over resources in a temporary file, so that memory does not grow with their number. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";

/** A name that is required but not provided exactly once, with the resources that require and provide it. */
export interface Unmet {
  name: string;
  by: string;
  givers: string[];
}

/** The sums over one service's resources. */
export class Tally {
  readonly #folder = mkdtempSync(join(tmpdir(), "openward-check-"));
  readonly #db: DatabaseSync;
  readonly #key: StatementSync;
  readonly #need: StatementSync;
  readonly #give: StatementSync;
  readonly #move: StatementSync;

  constructor() {
    this.#db = new DatabaseSync(join(this.#folder, "tally.sqlite"));
    this.#db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;
      CREATE TABLE key (key TEXT, holder TEXT); CREATE TABLE need (name TEXT, by TEXT); CREATE TABLE give (name TEXT, by TEXT);
      CREATE TABLE move (counter TEXT PRIMARY KEY, value REAL) WITHOUT ROWID; BEGIN`);
    this.#key = this.#db.prepare("INSERT INTO key VALUES (?, ?)");
    this.#need = this.#db.prepare("INSERT INTO need VALUES (?, ?)");
    this.#give = this.#db.prepare("INSERT INTO give VALUES (?, ?)");
    this.#move = this.#db.prepare("INSERT INTO move VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value");
  }

  key(key: string, holder: string): void {
    this.#key.run(key, holder);
  }

  need(name: string, by: string): void {
    this.#need.run(name, by);
  }

  give(name: string, by: string): void {
    this.#give.run(name, by);
  }

  move(counter: string, by: number): void {
    this.#move.run(counter, by);
  }

  /** Whether the content of a living resource has this key. */
  hasKey(key: string, holder: string): boolean {
    this.#indexKeys();
    return this.#db.prepare("SELECT 1 FROM key WHERE key = ? AND holder = ?").get(key, holder) !== undefined;
  }

  #indexKeys(): void {
    this.#db.exec("CREATE INDEX IF NOT EXISTS key_key ON key (key)");
  }

  /** Keys in the content of several living resources. */
  *keysOfSeveral(): Generator<{ key: string; holders: string[] }> {
    this.#indexKeys();
    const rows = this.#db.prepare("SELECT key, json_group_array(DISTINCT holder) AS holders FROM key GROUP BY key HAVING count(*) > 1");
    for (const { key, holders } of rows.iterate() as Iterable<{ key: string; holders: string }>) {
      yield { key, holders: JSON.parse(holders) as string[] };
    }
  }

  *unmet(): Generator<Unmet> {
    this.#db.exec("CREATE INDEX IF NOT EXISTS give_name ON give (name)");
    const rows = this.#db.prepare(`SELECT name, by, (SELECT json_group_array(give.by) FROM give WHERE give.name = need.name) AS givers
      FROM need WHERE (SELECT count(*) FROM give WHERE give.name = need.name) <> 1`);
    for (const { name, by, givers } of rows.iterate() as Iterable<{ name: string; by: string; givers: string }>) {
      yield { name, by, givers: JSON.parse(givers) as string[] };
    }
  }

  /** Names that are provided but not required. */
  *unneeded(): Generator<{ name: string; by: string }> {
    this.#db.exec("CREATE INDEX IF NOT EXISTS need_name ON need (name)");
    const rows = this.#db.prepare("SELECT name, by FROM give WHERE NOT EXISTS (SELECT 1 FROM need WHERE need.name = give.name)");
    yield* rows.iterate() as Iterable<{ name: string; by: string }>;
  }

  /** The sum of a counter over all resources; undefined if none contributes. */
  movedBy(counter: string): number | undefined {
    return (this.#db.prepare("SELECT value FROM move WHERE counter = ?").get(counter) as { value: number } | undefined)?.value;
  }

  *moved(): Generator<{ counter: string; value: number }> {
    yield* this.#db.prepare("SELECT counter, value FROM move ORDER BY counter").iterate() as Iterable<{ counter: string; value: number }>;
  }

  close(): void {
    this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
