/** The thread that writes: opens each file once more, and carries out the writing operations of its store. */
import { flushCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { useTimeZone } from "../../../fhir/time-zone.ts";
import type { Reliance, StoreFunctions, StoreOptions } from "../../store.ts";
import type { Write, WriteResult } from "../../writes.ts";
import { openSqlite, type SqliteStore } from "../sqlite-store.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { commonClock, type ForWriteThread, type FromWriteThread, sentError, withoutTexts } from "./messages.ts";

const port = parentPort;
if (!port) throw new Error("This file is run as a worker.");

/** Interval at which the thread shows that it does not hang (`WRITE_THREAD_BEATS`), milliseconds. */
const BEAT_MS = 250;
const beats = new Int32Array((workerData as { beats: SharedArrayBuffer }).beats);
Atomics.store(beats, 1, 0); // from now on it is watched
setInterval(() => {
  Atomics.add(beats, 0, 1);
  collectGarbage();
}, BEAT_MS).unref();

interface Opened {
  store: SqliteStore;
  emits: ReadonlySet<string>;
}
const files = new Map<number, Opened>();

let waiting: FromWriteThread[] = [];
/** Messages of one turn of the event loop are sent together: those who shared a commit are answered at once. */
function tell(message: FromWriteThread): void {
  if (waiting.push(message) > 1) return;
  setImmediate(() => {
    const all = waiting;
    waiting = [];
    port?.postMessage(all);
  });
}

type Functions = Pick<StoreOptions, "reindex" | "text">;
const noFunctions: Functions = { reindex: () => ({ keys: [], ranges: [] }) };

async function functionsOf(where: StoreFunctions | undefined): Promise<Functions> {
  if (!where) return noFunctions;
  const found = (await import(where.module)) as Record<string, Functions>;
  const functions = found[where.name];
  if (!functions) throw new Error(`${where.module} does not export ${where.name}.`);
  const { reindex, text } = functions;
  return { reindex, ...(text && { text }) };
}

async function open({ open: no, options, functions, counters, zone }: Extract<ForWriteThread, { kind: "open" }>): Promise<void> {
  useTimeZone(zone);
  const own = { emits: new Set<string>() };
  const store = await openSqlite({
    ...options,
    ...(await functionsOf(functions)),
    emits: () => files.get(no)?.emits ?? own.emits,
    onEvents: (areOfLooks) => tell({ kind: "events", open: no, areOfLooks }),
    onVersions: (versions) => tell({ kind: "versions", open: no, versions }),
    sharing: { counters: new Int32Array(counters), flushed: (seen) => tell({ kind: "flushed", open: no, seen }) },
  });
  files.set(no, { store, ...own });
}

async function write({ open: no, operation, args, emits }: Extract<ForWriteThread, { kind: "write" }>): Promise<unknown> {
  const opened = files.get(no);
  if (!opened) throw new Error("The file is not open in the thread.");
  if (emits) opened.emits = new Set(emits);
  // The time up to which facts may be relied on is told by the common clock.
  if (operation === "write" || operation === "prepare") {
    const reliance = args[2] as Reliance | undefined;
    if (reliance) reliance.until += performance.now() - commonClock();
  }
  const result = await (opened.store[operation] as (...all: unknown[]) => Promise<unknown>)(...args);
  return operation === "write" ? withoutTexts(result as WriteResult[], args[0] as Write[]) : result;
}

async function close(no: number): Promise<void> {
  await files.get(no)?.store.close();
  files.delete(no);
}

async function answer(asked: ForWriteThread): Promise<void> {
  try {
    const result = await (asked.kind === "open" ? open(asked) : asked.kind === "write" ? write(asked) : close(asked.open));
    tell({ kind: "result", call: asked.call, result });
  } catch (error) {
    tell({ kind: "error", call: asked.call, error: sentError(error) });
  }
}

port.on("message", (asked: ForWriteThread) => {
  collectGarbage(); // of a prepared transaction, before it is committed
  void answer(asked);
});

flushCompileCache(); // a thread may be terminated at any moment
