/** A connection to a SQLite file: cached statements, transactions, and SQLite's errors as those of the store. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { usedMs } from "../../mesh/processor-time.ts";
import { forgetTests, keyPasses, rangePasses } from "./many-values.ts";
import { StoreError, StoreErrorType, storeFull, unavailable } from "../store-error.ts";
import { NO_ROOM, whyNoRoom } from "./no-room.ts";
import { type Budget, QuestionTooCostly } from "../too-costly.ts";

/** A value that SQLite accepts as a parameter. */
export type Value = SQLInputValue;
/**
 * A piece of SQL with the values of its parameters in order; values never become part of the text. It is a class, so that no object that a
 * client sent can be taken for one.
 */
export class Sql {
  readonly text: string;
  readonly values: Value[];

  constructor(text: string, values: Value[]) {
    this.text = text;
    this.values = values;
  }
}
/** Prepared statements that are kept; queries have few shapes, but a client can make up many. */
const MAX_STATEMENTS = 200;
/** How long SQLite itself waits for another process, milliseconds; this blocks the event loop. */
const BUSY_MS = 1;
/** Rows between two checks of the processor time. */
const ROWS_BETWEEN = 64;
/** How long a job waits for another process in all, milliseconds. */
const BUSY_LIMIT_MS = 5_000;

/** SQLite's codes for a write, a flush or a file growth that failed. It reports a full disk apart from them, but not a quota or a limit. */
const UNWRITABLE = new Set([778, 1_034, 1_546, 4_874]);
const codes = { busy: 5, locked: 6, readonly: 8, io: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** One connection to a file; its statements stay prepared, up to a bound. */
export class Database {
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Called with each statement before it runs; for tests that look at query plans. */
  onStatement: ((text: string) => void) | undefined;
  /** Processor time of this thread at which the present question is given up, milliseconds; Infinity: there is no limit. */
  #until = Number.POSITIVE_INFINITY;
  #rows = 0;

  /** @param isReadOnly for a file that is open elsewhere in this process */
  constructor(file: string, isReadOnly = false) {
    this.file = file;
    this.#db = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: false, readOnly: isReadOnly });
    // SQLite can be interrupted only by a function that it calls.
    this.#db.function("in_time", (_seq) => {
      this.#rows += 1;
      if (this.#rows % ROWS_BETWEEN === 0) this.#requireTime();
      return 1;
    });
    this.#db.function("key_passes", (test, value) => {
      this.#requireTime();
      return keyPasses(test as number, value as string) ? 1 : 0;
    });
    this.#db.function("range_passes", (test, low, high, unit) => {
      this.#requireTime();
      return rangePasses(test as number, low as number, high as number, unit as string) ? 1 : 0;
    });
  }

  #requireTime(): void {
    if (usedMs() > this.#until) throw new QuestionTooCostly();
  }

  /** Answers one question within a limit of processor time. @param ms milliseconds @throws QuestionTooCostly */
  within<T>(work: () => T, ms: number): T {
    const before = this.#until;
    if (before === Number.POSITIVE_INFINITY) forgetTests();
    this.#until = Math.min(before, usedMs() + ms);
    try {
      return work();
    } finally {
      this.#until = before;
    }
  }

  /**
   * Answers one of several questions within the processor time that is left to all.
   * @param ms limit of this one, milliseconds
   * @param exceeded makes the error when none is left
   * @throws QuestionTooCostly
   */
  spending<T>(budget: Budget, work: () => T, { ms, exceeded }: { ms: number; exceeded: () => Error }): T {
    if (budget.leftMs <= 0) throw exceeded();
    const began = usedMs();
    try {
      return this.within(work, Math.min(ms, budget.leftMs));
    } catch (error) {
      throw error instanceof QuestionTooCostly && budget.leftMs < ms ? exceeded() : error;
    } finally {
      budget.leftMs -= Math.max(0, usedMs() - began);
    }
  }

  exec(text: string): void {
    this.#db.exec(text);
  }

  prepare(text: string): StatementSync {
    this.onStatement?.(text);
    const known = this.#statements.get(text);
    if (known) {
      // Recency only matters when statements will have to be dropped.
      if (this.#statements.size > MAX_STATEMENTS / 2) {
        this.#statements.delete(text);
        this.#statements.set(text, known);
      }
      return known;
    }
    const statement = this.#db.prepare(text);
    this.#statements.set(text, statement);
    if (this.#statements.size > MAX_STATEMENTS) {
      const [oldest] = this.#statements.keys();
      this.#statements.delete(oldest as string);
    }
    return statement;
  }

  /** The first row of a result. @typeParam Row the columns that the statement names */
  get<Row extends object>(text: string, ...values: Value[]): Row | undefined {
    return this.prepare(text).get(...values) as Row | undefined;
  }

  /** The row of a statement that always returns one: a count, a PRAGMA. @typeParam Row the columns that the statement names */
  one<Row extends object>(text: string, ...values: Value[]): Row {
    return this.prepare(text).get(...values) as Row;
  }

  /** All rows of a result. @typeParam Row the columns that the statement names */
  all<Row extends object>(text: string, ...values: Value[]): Row[] {
    return this.prepare(text).all(...values) as Row[];
  }

  run(text: string, ...values: Value[]): void {
    this.prepare(text).run(...values);
  }

  /** A number that changes with each commit of another process. */
  commitsOfOthers(): number {
    return this.one<{ data_version: number }>("PRAGMA data_version").data_version;
  }

  /** SQLite's plan of a statement, one line per step. */
  explain(text: string): string[] {
    return this.#db
      .prepare(`EXPLAIN QUERY PLAN ${text}`)
      .all()
      .map((row) => String(row.detail));
  }

  /** Runs `work` in one read transaction of the file. */
  snapshot<T>(work: () => T): T {
    this.run("BEGIN");
    try {
      return work();
    } finally {
      // Some errors (a failing disk) end the transaction by themselves.
      if (this.#db.isTransaction) this.run("COMMIT");
    }
  }

  /** Runs `work` while no other connection can write; `work` itself writes nothing through this connection. */
  withWriteLock(work: () => void): void {
    this.run("BEGIN IMMEDIATE");
    try {
      work();
    } finally {
      this.rollback();
    }
  }

  /** Runs `work` once no other process locks the file, without blocking. It may run again: it must have changed nothing when it meets `busy`. */
  whenFree<T>(work: () => T): Promise<T> {
    try {
      return Promise.resolve(work()); // the usual case: a read should not cost more promises than necessary
    } catch (error) {
      return isBusy(error) ? this.#afterOthers(work) : Promise.reject(this.translate(error));
    }
  }

  async #afterOthers<T>(work: () => T): Promise<T> {
    const start = performance.now();
    for (let attempt = 1; performance.now() - start <= BUSY_LIMIT_MS; attempt++) {
      await delay(1 + Math.random() * Math.min(20, attempt * 2));
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw this.translate(error);
      }
    }
    throw new FileBusy(this.file);
  }

  rollback(): void {
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
  }

  /** SQLite's error as a StoreError with a sentence that tells an operator what to do; any other error unchanged. */
  translate(error: unknown): unknown {
    const code = codeOf(error);
    if (code === undefined) return error;
    const noRoom = code === codes.full ? "ENOSPC" : UNWRITABLE.has(errcodeOf(error)) ? whyNoRoom(this.file) : undefined;
    if (noRoom !== undefined) return storeFull(NO_ROOM[noRoom](this.file), error);
    const reasons: Record<number, string> = {
      [codes.readonly]: `${this.file} cannot be written: give this user write permission on the file and its folder.`,
      [codes.io]: `Reading or writing ${this.file} failed: check the disk.`,
      [codes.corrupt]: `${this.file} is damaged: restore it from a backup.`,
      [codes.cannotOpen]: `${this.file} cannot be opened: its folder must exist and be writable.`,
      [codes.notADatabase]: `${this.file} is not a store of OpenWard: move it away or choose another DATA_DIR.`,
    };
    const reason = reasons[code];
    return reason ? unavailable(reason, error) : error;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }
}

/** Another process locks the file: no write of any kind is possible. */
export class FileBusy extends StoreError {
  constructor(file: string) {
    const reason = `Another process has kept ${file} busy for more than ${BUSY_LIMIT_MS / 1000} s.`;
    super(StoreErrorType.unavailable, 0, { reason });
    this.message = reason;
  }
}

/** SQLite's extended result code of an error; 0 for other errors. */
function errcodeOf(error: unknown): number {
  const code = (error as { errcode?: unknown })?.errcode;
  return typeof code === "number" ? code : 0;
}

/** SQLite's primary result code of an error; undefined for other errors. */
const codeOf = (error: unknown): number | undefined => errcodeOf(error) & 0xff || undefined;

/** Whether the error is that another process locks the file. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === codes.busy || code === codes.locked;
}
