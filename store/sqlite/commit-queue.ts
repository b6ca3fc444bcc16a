/**
 * Group commit: writes that arrive while others are being committed share the next transaction and flush. Each is checked before it
 * changes anything, so that a refused one leaves no trace and does not affect the others.
 */
import { usedMs } from "../../mesh/processor-time.ts";
import { fairTurn, whileBusy } from "../../mesh/turns.ts";
import { StoreError, StoreErrorType, unavailable, withNothingWritten } from "../store-error.ts";
import { QuestionTooCostly } from "../too-costly.ts";
import { type Database, FileBusy } from "./database.ts";
import type { Awaited, LogFlush } from "./log-flush.ts";

/** Limits of one transaction: writes, and text and search values (`charactersIn`). A longer one would block the thread that writes, in a process of one service its event loop. */
const MAX_WRITES = 512;
const MAX_SIZE = 1_000_000;
/** Processor time after which a transaction takes no further writes, milliseconds: conditions may take long, whatever their size. */
const MAX_MS = 50;
/** Writes that may wait; more are an overload that waiting does not cure. */
const MAX_WAITING = 20_000;
/** How long writes are gathered after a transaction of several, while the process is busy, milliseconds: a commit costs more than most writes in it. */
const GATHER_MS = 3;
/** Interval between two checks whether a lock of another process has been released, milliseconds (and up to half as much again). */
const POLL_MS = 20;

/** Thrown by a job that meets a lock; it is run again when the transaction that holds the lock has ended. */
export class Blocked {
  readonly tx: string;
  constructor(tx: string) {
    this.tx = tx;
  }
}

/** A bug of the caller, detected before anything was changed. */
export class Misuse extends Error {}

interface Job {
  run(): unknown;
  size: number;
  /** Whose answers wait for the flush. */
  awaited: Awaited;
  /** performance.now() after which a lock is no longer waited for. */
  deadline: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** The outcome of the last attempt; the job is settled with it once it is on the disk. */
  outcome?: { value: unknown } | { error: unknown };
}

/** Around each transaction. */
export interface TransactionHooks {
  begun(): void;
  /** Just before COMMIT. */
  finish(): void;
  rolledBack(): void;
}

/** The write queue of this process for one file; jobs that wait together share a commit. */
export class WriteQueue {
  readonly #db: Database;
  readonly #hooks: TransactionHooks;
  readonly #log: LogFlush;
  #waiting: Job[] = [];
  #working: Promise<void> | undefined;
  /** Jobs that wait for a lock, each with the timer of its next attempt. */
  readonly #parked = new Map<Job, NodeJS.Timeout>();
  #isClosed = false;

  constructor(db: Database, log: LogFlush, hooks: TransactionHooks) {
    this.#db = db;
    this.#log = log;
    this.#hooks = hooks;
  }

  /**
   * Runs `run` inside a transaction of the file; resolves once that is committed and on the disk.
   * @param run throws StoreError, Blocked or Misuse before it has changed anything, or not at all
   * @param waitMs how long to wait for a lock, milliseconds
   * @param awaited whose answers wait for the flush
   */
  add<T>(run: () => T, size: number, waitMs: number, awaited: Awaited = "readers"): Promise<T> {
    if (this.#isClosed) return Promise.reject(withNothingWritten(unavailable("The store is closed.")));
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(withNothingWritten(unavailable(`More than ${MAX_WAITING} writes are waiting.`)));
    }
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + waitMs;
      this.#enqueue({ run, size, awaited, deadline, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Writes that wait for a commit, or for a lock. */
  get length(): number {
    return this.#waiting.length + this.#parked.size;
  }

  /** Runs the jobs that wait for a lock again, after a transaction has ended. */
  wake(): void {
    for (const [job, timer] of this.#parked) {
      clearTimeout(timer);
      this.#enqueue(job);
    }
    this.#parked.clear();
  }

  /** Finishes the jobs that wait, and refuses new ones. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const [job, timer] of this.#parked) {
      clearTimeout(timer);
      job.reject(unavailable("The store is closed."));
    }
    this.#parked.clear();
    await this.#working;
  }

  #enqueue(job: Job): void {
    this.#waiting.push(job);
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    // Other writes of this turn of the event loop join the transaction.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      await fairTurn(); // several stores of a process that write one bundle do not run directly after one another
      const jobs = this.#take();
      await this.#transaction(jobs);
      await (jobs.length > 1 ? whileBusy(GATHER_MS) : new Promise(setImmediate));
    }
    this.#working = undefined;
  }

  #take(): Job[] {
    let size = 0;
    let count = 0;
    for (const job of this.#waiting) {
      if (count > 0 && (count >= MAX_WRITES || size + job.size > MAX_SIZE)) break;
      size += job.size;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #transaction(jobs: Job[]): Promise<void> {
    try {
      const done = await this.#db.whenFree(() => this.#attempt(jobs));
      this.#waiting.unshift(...jobs.splice(done));
    } catch (error) {
      if (jobs.length === 1 || error instanceof FileBusy) {
        for (const job of jobs) job.reject(withNothingWritten(error));
        return;
      }
      // An error that no check foresees, such as a full disk: each job runs alone, so that one cannot make the others fail.
      for (const job of jobs) await this.#transaction([job]);
      return;
    }
    try {
      await this.#log.flushed();
    } catch (error) {
      for (const job of jobs) job.outcome = { error };
    }
    for (const job of jobs) this.#settle(job);
  }

  /** @returns how many of the jobs have run: the first ones */
  #attempt(jobs: Job[]): number {
    this.#db.run("BEGIN IMMEDIATE");
    try {
      this.#hooks.begun();
      const began = usedMs();
      let done = 0;
      for (const job of jobs) {
        if (done > 0 && usedMs() - began > MAX_MS) break;
        done += 1;
        try {
          job.outcome = { value: job.run() };
        } catch (error) {
          if (!(error instanceof StoreError || error instanceof Blocked || error instanceof Misuse || error instanceof QuestionTooCostly)) {
            throw error;
          }
          job.outcome = { error };
        }
      }
      this.#hooks.finish();
      for (const { awaited } of jobs.slice(0, done)) this.#log.committing(awaited);
      this.#db.run("COMMIT");
      return done;
    } catch (error) {
      this.#db.rollback();
      this.#log.rolledBack();
      this.#hooks.rolledBack();
      throw error;
    }
  }

  #settle(job: Job): void {
    const outcome = job.outcome as NonNullable<Job["outcome"]>;
    if ("value" in outcome) job.resolve(outcome.value);
    else if (outcome.error instanceof Blocked) this.#park(job);
    else job.reject(outcome.error);
  }

  #park(job: Job): void {
    const left = job.deadline - performance.now();
    if (left <= 0 || this.#isClosed) {
      job.reject(new StoreError(StoreErrorType.locked, 0));
      return;
    }
    const pause = Math.min(left, POLL_MS * (1 + Math.random() / 2));
    const timer = setTimeout(() => {
      this.#parked.delete(job);
      this.#enqueue(job);
    }, pause);
    this.#parked.set(job, timer);
  }
}
