/**
 * Questions that take long are answered in a thread of their own, one at a time, so that whoever asks for little never waits for them. The client
 * that has used the least of the thread is next. The first such question starts the thread, and it ends when it is no longer used.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { FairQueue, type Waiting } from "../../fhir/expressions/fair-queue.ts";
import { COMPILED_MODULES } from "../../fhir/compiled-modules.ts";
import { FhirError } from "../../fhir/outcome.ts";
import { requestTooCostly } from "../too-costly.ts";
import { unavailable } from "../store-error.ts";
import type { StoreAnswer, StoreQuestion } from "./questions.ts";
import type { ForThread, FromThread, SlowQuestion } from "./slow-thread.ts";

/** A page has 4 MB at most, a list of values 20,000; SQLite's own memory is not counted here. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 };
/** Questions that may wait. */
const MAX_WAITING = 256;
/** Idle time after which the thread is ended, so that its memory is released, milliseconds. */
const IDLE_MS = 60_000;

/** The answer to a question, and the processor time that it took, milliseconds; undefined if it was given up. */
interface SlowAnswer<Of extends StoreQuestion> {
  answer: StoreAnswer<Of> | undefined;
  ms: number;
}
type Told = Exclude<FromThread, { kind: "closed" }>;

interface Job extends Waiting {
  asked: SlowQuestion;
  /** The request that it belongs to. */
  request: unknown;
  /** `performance.now()` */
  askedAt: number;
  timer: NodeJS.Timeout;
  settle(told: Told): void;
  reject(error: unknown): void;
}

let thread: Worker | undefined;
/** Resolves when the last thread has ended. */
let ending: Promise<unknown> | undefined;
let idle: NodeJS.Timeout | undefined;
let running: Job | undefined;
/** The request of the last question that was begun, and since when all questions were this request's (`performance.now()`). */
let served: { request: unknown; since: number } | undefined;
const waiting = new FairQueue<Job>(MAX_WAITING);
/** Questions to each file that are not answered yet. */
const open = new Map<string, Set<Promise<unknown>>>();
/** Files that the thread is to close: called when it has, or has ended. */
const closing = new Map<string, (() => void)[]>();

/**
 * Answers a question in the thread, in a snapshot of its own.
 * @param asked.ms processor time that it may take, milliseconds
 * @param from.client that asks; "" if unknown
 * @param from.waitMs how long the question may wait for its turn, milliseconds
 * @param from.request the id of the request, or an object that its questions share
 * @returns the answer, or undefined if it takes longer, and the processor time that it took
 * @throws FhirError 429 when its turn does not come, QuestionTooCostly if it waited for those of its own request only; StoreError STORE_UNAVAILABLE
 */
export function askSlowly<Of extends StoreQuestion>(
  asked: SlowQuestion & { question: Of },
  { client, waitMs, request = {} }: { client: string; waitMs: number; request?: unknown },
): Promise<SlowAnswer<Of>> {
  const answered = new Promise<SlowAnswer<Of>>((resolve, reject) => {
    const job: Job = {
      asked,
      request,
      askedAt: performance.now(),
      client,
      isSuspect: false,
      reject,
      settle: (told) => {
        if (told.kind === "answer") resolve({ answer: told.answer as StoreAnswer<Of>, ms: told.ms });
        else if (told.kind === "costly") resolve({ answer: undefined, ms: told.ms });
        else reject(told.kind === "unavailable" ? unavailable(told.message) : new Error(told.message));
      },
      timer: setTimeout(() => {
        waiting.remove(job);
        reject(isHeldUpByOwn(job) ? requestTooCostly() : busy());
      }, waitMs),
    };
    const refused = waiting.add(job);
    if (refused) {
      clearTimeout(refused.timer);
      refused.reject(busy());
    }
    next();
  });
  const ofFile = open.get(asked.file) ?? new Set();
  open.set(asked.file, ofFile.add(answered));
  const forget = () => {
    ofFile.delete(answered);
    if (ofFile.size === 0) open.delete(asked.file);
  };
  answered.then(forget, forget);
  return answered;
}

/** Questions of all files that are being answered, or wait. */
export const slowSearches = (): number => waiting.size + (running ? 1 : 0);

/** Resolves when no question to the file is open, and the thread has closed it: before the file is closed here, which empties its log. */
export async function releaseFile(file: string): Promise<void> {
  await Promise.allSettled(open.get(file) ?? []);
  await ending;
  if (!thread) return;
  await new Promise<void>((resolve) => {
    closing.set(file, [...(closing.get(file) ?? []), resolve]);
    tell({ close: file });
  });
}

/** 429, not 503: it says nothing about the service's health, which others would otherwise avoid. */
const busy = () =>
  new FhirError(429, [
    { severity: "error", code: "throttled", diagnostics: "Too many searches that take long are waiting: try again, or narrow the search." },
  ]);

/** Whether the thread has only worked for its own request while it waited: to try again would not help. */
const isHeldUpByOwn = ({ request, askedAt }: Job): boolean => served !== undefined && served.request === request && served.since <= askedAt;

/** The thread keeps the process alive while something is expected of it. */
function tell(message: ForThread): void {
  thread?.ref();
  thread?.postMessage(message);
}

function letGo(): void {
  if (!running && closing.size === 0) thread?.unref();
}

function hasClosed(file: string): void {
  for (const resolve of closing.get(file) ?? []) resolve();
  closing.delete(file);
  letGo();
}

function next(): void {
  if (running || waiting.size === 0) return;
  thread ??= start();
  clearTimeout(idle);
  running = waiting.take() as Job;
  if (served?.request !== running.request) served = { request: running.request, since: performance.now() };
  clearTimeout(running.timer);
  tell(running.asked);
}

function start(): Worker {
  const made = new Worker(join(import.meta.dirname, "slow-thread.ts"), { resourceLimits: LIMITS, env: COMPILED_MODULES, execArgv: [] });
  made.on("message", (told: FromThread) => {
    if (told.kind === "closed") return hasClosed(told.file);
    const job = running;
    running = undefined;
    if (job) {
      waiting.count(job.client, told.ms);
      job.settle(told);
    }
    idle = setTimeout(end, IDLE_MS);
    idle.unref();
    next();
    letGo();
  });
  let fault: unknown;
  made.on("error", (error) => {
    fault = error;
  });
  made.on("exit", () => {
    if (thread === made) ended(fault);
  });
  return made;
}

/** Ends the idle thread; a question that arrives meanwhile starts another. */
function end(): void {
  const [last, files] = [thread, [...closing.keys()]];
  thread = undefined;
  ending = last?.terminate().then(() => files.forEach(hasClosed));
}

/** The thread has ended by itself: the question took too much memory, or the thread cannot start. */
function ended(fault: unknown): void {
  thread = undefined;
  clearTimeout(idle);
  for (const file of [...closing.keys()]) hasClosed(file);
  const job = running;
  running = undefined;
  if (job) {
    waiting.count(job.client, job.asked.ms);
    if ((fault as { code?: unknown })?.code === "ERR_WORKER_OUT_OF_MEMORY") job.settle({ kind: "costly", ms: job.asked.ms });
    else job.reject(unavailable("The thread for searches that take long has ended.", fault));
  }
  next();
}
