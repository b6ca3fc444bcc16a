/**
 * The thread of this process that writes to its SQLite files: transactions, with the checks inside them, and flushes take a processor of their own. It
 * starts with the first file and ends with the last one. It has a connection of its own to each file, as another process would; this one only reads.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { COMPILED_MODULES } from "../../../fhir/compiled-modules.ts";
import { hospitalZone } from "../../../fhir/time-zone.ts";
import type { StoreOptions } from "../../store.ts";
import { unavailable, withNothingWritten } from "../../store-error.ts";
import type { SqliteOptions } from "../open-file.ts";
import { type ForWriteThread, type FromWriteThread, receivedError, type WritingOperation } from "./messages.ts";

/** Memory of the thread, megabytes: it holds the writes of the moment, which the gateway bounds for the process. */
const LIMITS = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 1_024 };

interface Call {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** What the thread tells of a file. */
interface Listener extends Pick<StoreOptions, "onEvents" | "onVersions"> {
  flushed(seen: number): void;
}

/** For the watchdog: a number that the thread counts up, and one that is 1 while there is no thread. */
export const WRITE_THREAD_BEATS = new SharedArrayBuffer(8);
const beats = new Int32Array(WRITE_THREAD_BEATS);
Atomics.store(beats, 1, 1);

let worker: Worker | undefined;
/** Resolves when the last thread has ended. */
let ending: Promise<unknown> | undefined;
let lastCall = 0;
let lastOpen = 0;
const calls = new Map<number, Call>();
/** By the number of the open file. */
const listeners = new Map<number, Listener>();

/** One file that the thread has opened. */
export class FileInThread {
  readonly #open: number;
  #isClosed = false;
  readonly #emits: StoreOptions["emits"];
  #emitted: ReadonlySet<string> | undefined;
  /** Writes that are not answered yet. */
  waiting = 0;

  /** @param open its number @param emits as of the store's options */
  constructor(open: number, emits: StoreOptions["emits"]) {
    this.#open = open;
    this.#emits = emits;
  }

  /** Carries out a writing operation of the store. @throws what that throws */
  async write(operation: WritingOperation, args: unknown[]): Promise<unknown> {
    if (this.#isClosed) throw withNothingWritten(unavailable("The store is closed."));
    const emitted = this.#emits?.();
    const isNew = emitted !== this.#emitted;
    this.#emitted = emitted;
    this.waiting += 1;
    try {
      return await ask({ kind: "write", open: this.#open, operation, args, ...(isNew && emitted && { emits: [...emitted] }) });
    } finally {
      this.waiting -= 1;
    }
  }

  /** Finishes the writes that wait, and closes the file in the thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await ask({ kind: "close", open: this.#open });
    await forget(this.#open);
  }
}

/** Opens a file in the thread. @param counters as of `FlushSharing` @throws StoreError STORE_UNAVAILABLE */
export async function openInThread(options: SqliteOptions, counters: SharedArrayBuffer, listener: Listener): Promise<FileInThread> {
  const { name, file, indexVersion, waitMs, limits, maxPages, functions } = options;
  lastOpen += 1;
  const open = lastOpen;
  listeners.set(open, listener);
  const plain = {
    name,
    file,
    indexVersion,
    ...(waitMs !== undefined && { waitMs }),
    ...(limits && { limits }),
    ...(maxPages !== undefined && { maxPages }),
  };
  try {
    await ending;
    await ask({ kind: "open", open, options: plain, functions, counters, zone: hospitalZone() });
  } catch (error) {
    await forget(open);
    throw error;
  }
  return new FileInThread(open, options.emits);
}

async function forget(open: number): Promise<void> {
  listeners.delete(open);
  if (listeners.size > 0) return;
  const last = worker;
  worker = undefined;
  ending = last?.terminate().then(() => Atomics.store(beats, 1, 1));
  await ending;
}

type Asked = ForWriteThread extends infer One ? (One extends ForWriteThread ? Omit<One, "call"> : never) : never;

function ask(asked: Asked): Promise<unknown> {
  worker ??= start();
  const made = worker;
  lastCall += 1;
  const call = lastCall;
  return new Promise((resolve, reject) => {
    made.postMessage({ ...asked, call });
    calls.set(call, { resolve, reject });
    made.ref(); // the thread keeps the process alive while something is expected of it
  });
}

function start(): Worker {
  const made = new Worker(join(import.meta.dirname, "write-side.ts"), {
    resourceLimits: LIMITS,
    env: COMPILED_MODULES,
    execArgv: [],
    workerData: { beats: WRITE_THREAD_BEATS },
  });
  made.on("message", (all: FromWriteThread[]) => {
    for (const message of all) receive(message);
    if (calls.size === 0) made.unref();
  });
  // What it was about to write may or may not be stored, and nothing more can be: the process ends as it does after any unexpected error.
  made.on("error", hasEnded);
  made.on("exit", (code) => {
    if (worker === made) hasEnded(new Error(`exit code ${code}`));
  });
  return made;
}

function hasEnded(cause: unknown): never {
  throw new Error("The thread that writes to the stores has ended.", { cause });
}

function receive(message: FromWriteThread): void {
  if (message.kind === "result" || message.kind === "error") {
    const call = calls.get(message.call);
    calls.delete(message.call);
    if (message.kind === "result") call?.resolve(message.result);
    else call?.reject(receivedError(message.error));
    return;
  }
  const listener = listeners.get(message.open);
  if (message.kind === "flushed") listener?.flushed(message.seen);
  else if (message.kind === "events") listener?.onEvents?.(message.areOfLooks);
  else listener?.onVersions?.(message.versions);
}
