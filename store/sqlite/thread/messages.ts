/** What the thread that writes and the rest of the process tell each other. All of it is copied (structured clone). */
import { jsonOf } from "../../plan-write.ts";
import type { Store, StoreFunctions } from "../../store.ts";
import { StoreError } from "../../store-error.ts";
import { QuestionTooCostly } from "../../too-costly.ts";
import type { ResourceVersion, Write, WriteResult } from "../../writes.ts";
import type { SqliteOptions } from "../open-file.ts";

/** The operations of a store that the thread carries out: all that write. */
export const WRITING = [
  "write",
  "prepare",
  "commit",
  "abort",
  "purge",
  "put",
  "putAll",
  "lease",
  "remove",
  "relayed",
  "fence",
  "unfence",
] as const satisfies readonly (keyof Store)[];
/** One of them. */
export type WritingOperation = (typeof WRITING)[number];

/** The options of a store that are data. */
export type PlainOptions = Pick<SqliteOptions, "name" | "file" | "indexVersion" | "waitMs" | "limits" | "maxPages">;

/**
 * To the thread. Each is answered with a `result` or an `error` of the same `call`. `open`: number of the open file; `zone`: the
 * hospital's, on which search values of dates depend.
 */
export type ForWriteThread = { call: number; open: number } & (
  | { kind: "open"; options: PlainOptions; functions: StoreFunctions | undefined; counters: SharedArrayBuffer; zone: string }
  /** @param emits the types whose versions are events from now on; absent: as before */
  | { kind: "write"; operation: WritingOperation; args: unknown[]; emits?: string[] }
  | { kind: "close" }
);

/** From the thread, several at a time. */
export type FromWriteThread =
  | { kind: "result"; call: number; result: unknown }
  | { kind: "error"; call: number; error: SentError }
  /** All commits up to the one that made the counter `seen` this are on the disk, or the disk has refused them. */
  | { kind: "flushed"; open: number; seen: number }
  | { kind: "events"; open: number; areOfLooks: boolean | undefined }
  | { kind: "versions"; open: number; versions: ResourceVersion[] };

/** An error without its class, which is lost between threads. */
export interface SentError {
  message: string;
  stack: string | undefined;
  /** The reason behind it, in words. */
  cause: string | undefined;
  store?: { type: string; step: number; data: Record<string, unknown> };
  tooCostly?: string;
}

/** An error for the other thread. */
export function sentError(thrown: unknown): SentError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  const sent: SentError = { message: error.message, stack: error.stack, cause };
  if (error instanceof StoreError) sent.store = { type: error.type, step: error.step, data: error.data };
  else if (error instanceof QuestionTooCostly) sent.tooCostly = error.message;
  return sent;
}

/** The error that `sentError` was given, of the same class as far as a store throws it. */
export function receivedError({ message, stack, cause, store, tooCostly }: SentError): Error {
  if (tooCostly !== undefined) return new QuestionTooCostly(tooCostly);
  const error = store ? new StoreError(store.type, store.step, store.data) : new Error(message);
  error.message = message;
  if (stack !== undefined) error.stack = stack;
  if (cause !== undefined) error.cause = new Error(cause);
  return error;
}

/** The JSON text of what a step was to store, as the store has written it. */
const textOf = (step: Write | undefined, { version, updated }: WriteResult): string | undefined =>
  step?.op === "create" || step?.op === "update" ? jsonOf(step.type, step.id, version, updated, step.body) : undefined;

/** The results of a write without the texts that the other thread can put together from the steps that it has sent. */
export const withoutTexts = (results: WriteResult[], steps: Write[]): WriteResult[] =>
  results.map((result, index) => {
    if (result.json === undefined || result.json !== textOf(steps[index], result)) return result;
    const { json: _json, ...rest } = result;
    return rest;
  });

/** The results with those texts. */
export const withTexts = (results: WriteResult[], steps: Write[]): WriteResult[] =>
  results.map((result, index) => {
    if (result.json !== undefined || (result.outcome !== "created" && result.outcome !== "updated")) return result;
    const json = textOf(steps[index], result);
    return json === undefined ? result : { ...result, json };
  });

/** Milliseconds by a clock that all threads of the process share; `performance.now()` begins with each thread. */
export const commonClock = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
