/** Runs one write as one MongoDB transaction, repeated on a write conflict and while a prepared transaction holds what it needs. */
import { setTimeout as delay } from "node:timers/promises";
import { type ClientSession, MongoError, MongoServerError } from "mongodb";
import { StoreError, StoreErrorType, storeFull, unavailable } from "../store-error.ts";
import { tooCostly } from "./bounded.ts";
import { Blocked, Outdated } from "./conflicts.ts";
import type { OpenSessions } from "./open-sessions.ts";

/** How long a writer waits for a prepared transaction, milliseconds. */
const DEFAULT_WAIT_MS = 2_000;
/** Interval between two checks whether it has ended, milliseconds, and up to half as much again. */
const POLL_MS = 20;
/** How long a write that meets conflicts is repeated, milliseconds. */
const RETRY_MS = 10_000;
/** Interval at which a write that meets conflicts checks whether they come from a dead process, milliseconds. */
const LOOK_MS = 1_000;
const COMMIT_ATTEMPTS = 5;
const DUPLICATE_KEY = 11_000;
const OUT_OF_DISK_SPACE = 14_031;

type Work<T> = (session: ClientSession) => Promise<T>;

/** Runs a transaction that waits for prepared ones. @throws StoreError LOCKED when they have not ended in time */
export async function waitingTransaction<T>(sessions: OpenSessions, work: Work<T>, waitMs = DEFAULT_WAIT_MS): Promise<T> {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      return await transaction(sessions, work);
    } catch (error) {
      if (!(error instanceof Blocked)) throw error;
    }
    const left = until - performance.now();
    if (left <= 0) throw new StoreError(StoreErrorType.locked, 0);
    await delay(Math.min(left, POLL_MS * (1 + Math.random() / 2)));
  }
}

/** Runs a transaction, repeated on write conflicts for up to 10 s. @throws StoreError LOCKED after that */
export async function transaction<T>(sessions: OpenSessions, work: Work<T>): Promise<T> {
  const start = performance.now();
  let lookAt = start + LOOK_MS;
  for (let attempt = 1; ; attempt++) {
    const session = sessions.start();
    try {
      session.startTransaction({ readConcern: { level: "snapshot" }, writeConcern: { w: "majority", journal: true } });
      const result = await work(session);
      await commit(session);
      return result;
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => {});
      if (!isWriteConflict(error)) throw error;
      if (performance.now() - start > RETRY_MS) throw new StoreError(StoreErrorType.locked, 0);
    } finally {
      await sessions.end(session);
    }
    if (performance.now() > lookAt) {
      lookAt = performance.now() + LOOK_MS;
      await sessions.endThoseOfTheDead().catch(() => {}); // otherwise MongoDB ends them later
    }
    await delay(Math.random() * Math.min(100, 4 * 2 ** Math.min(attempt, 6)));
  }
}

/** Commits; when the answer was lost it is sent again, which is idempotent. */
async function commit(session: ClientSession): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      const isUnknown = error instanceof MongoError && error.hasErrorLabel("UnknownTransactionCommitResult");
      if (!isUnknown || attempt === COMMIT_ATTEMPTS) throw error;
    }
  }
}

/** Whether another transaction has written data that this one read or wrote. */
function isWriteConflict(error: unknown): boolean {
  if (error instanceof Outdated) return true;
  if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return true;
  return (
    error instanceof MongoError &&
    error.hasErrorLabel("TransientTransactionError") &&
    !error.hasErrorLabel("UnknownTransactionCommitResult")
  );
}

/** The driver's errors as StoreErrors. */
export function translate(error: unknown): unknown {
  if (error instanceof MongoError && error.code === OUT_OF_DISK_SPACE) return storeFull("The disk of MongoDB is full.", error);
  return tooCostly(error) ?? (error instanceof MongoError ? unavailable("MongoDB did not do what was asked.", error) : error);
}
