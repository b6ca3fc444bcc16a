/**
 * Evaluates expressions of clients that the project's own evaluators do not support, in a worker thread with a deadline and a
 * limit of its memory. There is one worker at a time: the first task starts it, and it is ended and replaced when a task takes too long,
 * or ended when it is no longer used.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { COMPILED_MODULES } from "../compiled-modules.ts";
import { FhirError } from "../outcome.ts";
import { type EvaluationBudget, TooCostly } from "./budget.ts";
import { FairQueue, type Waiting } from "./fair-queue.ts";
import type { TaskAnswer, AnswerTo, WorkerMessage, Task } from "./tasks.ts";

/** The library and its model take 20 MB of the limit. */
const LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };
/** Limit of the time that a task takes, as a multiple of its processor time: on a busy machine its thread waits for a processor. */
const MAX_WAITING_FOR_PROCESSOR = 5;
/** In which a thread tells what it has used, whatever it works on, milliseconds. */
const USAGE_TOLD_MS = 200;
/** Tasks that may wait, and how long the first one may, milliseconds. */
const MAX_WAITING = 256;
const MAX_WAIT_MS = 5_000;
/** Idle time after which the worker is ended, so that its memory is released, milliseconds. */
const IDLE_MS = 60_000;
/** Time limit of a start, which takes 0.2 s on an idle machine, milliseconds. */
const START_MS = 15_000;
/** Characters of JSON in one task: the main thread writes them, and the worker reads them within the deadline. */
const MAX_TASK_CHARACTERS = 8_000_000;
/** Tasks that were too costly, by their hash; while they are remembered, other tasks of the same client take precedence over them. */
const MAX_SUSPECTS = 1_000;

interface Job extends Waiting {
  task: Task;
  budget: EvaluationBudget;
  waiting: NodeJS.Timeout;
  resolve(answer: TaskAnswer): void;
  reject(error: unknown): void;
}

let worker: { thread: Worker; isReady: boolean; timer: NodeJS.Timeout } | undefined;
let running: Job | undefined;
const waiting = new FairQueue<Job>(MAX_WAITING);
const suspects = new Set<string>();

/**
 * Runs a task in the worker, and charges its time to the budget.
 * @throws TooCostly if the budget does not suffice; the task's own FhirError, or 503 when too many tasks are waiting
 */
export async function evaluateInWorker<Of extends Task>(task: Of, budget: EvaluationBudget): Promise<AnswerTo<Of>> {
  if (budget.ms <= 0 || sizeOf(task) > MAX_TASK_CHARACTERS) throw new TooCostly();
  const answer = await new Promise<TaskAnswer>((resolve, reject) => {
    const job: Job = {
      task,
      budget,
      client: budget.client,
      isSuspect: suspects.size > 0 && suspects.has(nameOf(task)),
      resolve,
      reject,
      waiting: undefined as never,
    };
    job.waiting = setTimeout(() => {
      waiting.remove(job);
      reject(busy());
    }, MAX_WAIT_MS);
    refuse(waiting.add(job), busy());
    next();
  });
  if (answer.kind === "costly") throw new TooCostly();
  if (answer.kind === "refusal") throw new FhirError(answer.status, answer.issues);
  return answer as AnswerTo<Of>;
}

function refuse(job: Job | undefined, error: unknown): void {
  clearTimeout(job?.waiting);
  job?.reject(error);
}

const busy = () =>
  new FhirError(503, [
    { severity: "error", code: "throttled", diagnostics: "Too many expressions are waiting to be evaluated: try again." },
  ]);

const sizeOf = (task: Task): number => task.resource.length + (task.kind === "patch" ? task.parameters.length : 0);

/** Hash of what a task evaluates, without the resource: its cost depends on the former. */
function nameOf(task: Task): string {
  const hash = createHash("sha256");
  if (task.kind === "patch") hash.update(task.parameters);
  else for (const expression of new Set(task.rules.map((rule) => rule.expression))) hash.update(`${expression}\n`);
  return hash.digest("base64");
}

function next(): void {
  if (running || waiting.size === 0) return;
  worker ??= start();
  if (!worker.isReady) return;
  const job = waiting.take() as Job;
  clearTimeout(job.waiting);
  if (job.budget.ms <= 0) {
    job.reject(new TooCostly());
    next();
    return;
  }
  running = job;
  clearTimeout(worker.timer);
  worker.thread.postMessage(job.task);
  watch(worker, job);
}

/** Abandons a task when its time is over: the processor time of the thread, within a bound for the time that it waits for a processor. */
function watch(of: NonNullable<typeof worker>, job: Job): void {
  const begun = usedBy(of.thread);
  const latest = performance.now() + job.budget.ms * MAX_WAITING_FOR_PROCESSOR;
  const look = async (): Promise<void> => {
    const [before, now] = await Promise.race([Promise.all([begun, usedBy(of.thread)]), noAnswer()]);
    if (running !== job || worker !== of) return;
    const left = before === undefined || now === undefined ? 0 : job.budget.ms - (now - before);
    if (left <= 0 || performance.now() > latest) return abandon();
    of.timer = setTimeout(look, Math.max(left, 1));
  };
  of.timer = setTimeout(look, job.budget.ms);
}

/** Resolves when a thread that has not told what it has used will not do so. */
const noAnswer = () => new Promise<[]>((resolve) => setTimeout(resolve, USAGE_TOLD_MS, []).unref());

/** Processor time of a thread so far, milliseconds; undefined where it is not known (Node before 24.6), or the thread has ended. */
async function usedBy(thread: Worker): Promise<number | undefined> {
  const usage = await thread.cpuUsage?.().catch(() => undefined);
  return usage && (usage.user + usage.system) / 1_000;
}

function start(): NonNullable<typeof worker> {
  const thread = new Worker(join(import.meta.dirname, "worker.ts"), { resourceLimits: LIMITS, env: COMPILED_MODULES, execArgv: [] });
  const made = { thread, isReady: false, timer: setTimeout(() => failed(new Error("The worker does not start.")), START_MS) };
  made.timer.unref();
  const failed = (error: unknown) => {
    if (worker !== made) return;
    if (made.isReady) return abandon();
    // The cause of a failed start would make the next one fail as well.
    end();
    for (const job of waiting.clear()) refuse(job, error);
  };
  thread.on("error", failed);
  thread.on("exit", () => failed(new Error("The worker has ended.")));
  thread.on("message", (message: WorkerMessage) => {
    if (worker !== made) return;
    if (message.ready) made.isReady = true;
    else finish(message);
    clearTimeout(made.timer);
    made.timer = setTimeout(end, IDLE_MS);
    made.timer.unref();
    next();
  });
  // It does not keep the process alive. After the listeners, which would undo this.
  thread.unref();
  return made;
}

function finish({ answer, ms }: Extract<WorkerMessage, { ready: false }>): void {
  const job = running;
  running = undefined;
  if (!job) return;
  job.budget.ms -= ms;
  waiting.count(job.client, ms);
  job.resolve(answer);
}

/** Ends the running task, which takes too much time or memory: its request has used up its time. */
function abandon(): void {
  const job = running;
  running = undefined;
  end();
  if (job) {
    waiting.count(job.client, job.budget.ms);
    job.budget.ms = 0;
    if (suspects.size >= MAX_SUSPECTS) suspects.delete(suspects.values().next().value as string);
    suspects.add(nameOf(job.task));
    job.reject(new TooCostly());
  }
  // The next task then finds a worker that is ready.
  worker ??= start();
  next();
}

function end(): void {
  if (!worker) return;
  const { thread, timer } = worker;
  worker = undefined;
  clearTimeout(timer);
  void thread.terminate();
}
