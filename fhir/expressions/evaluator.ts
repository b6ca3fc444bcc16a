/**
 * Expressions that clients write and the project's own evaluators do not take run here: in a worker thread with a deadline and a
 * bound of its memory. One worker at a time; it is started by the first task, ended when it takes too long or is no longer used,
 * and replaced.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { FhirError } from "../outcome.ts";
import { type EvaluationBudget, TooCostly } from "./budget.ts";
import type { TaskAnswer, AnswerTo, WorkerMessage, Task } from "./tasks.ts";

/** The library and its model take 20 MB of it. */
const LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };
/** Tasks that may wait; and how long the first is waited for, milliseconds. */
const MAX_WAITING = 256;
const MAX_WAIT_MS = 5_000;
/** A worker that nobody needs is ended, and its memory comes back. Milliseconds. */
const IDLE_MS = 60_000;
/** A start takes 0.2 s on an idle machine. Milliseconds. */
const START_MS = 15_000;
/** Characters of JSON that one task may send: the main thread writes them, and the worker reads them within its time. */
const MAX_TASK_CHARACTERS = 8_000_000;
/** Tasks that were too costly, by their hash: as long as they are remembered, others go before them. */
const MAX_SUSPECTS = 1_000;

interface Job {
  task: Task;
  budget: EvaluationBudget;
  waiting: NodeJS.Timeout;
  isSuspect: boolean;
  resolve(answer: TaskAnswer): void;
  reject(error: unknown): void;
}

let worker: { thread: Worker; isReady: boolean; timer: NodeJS.Timeout } | undefined;
let running: Job | undefined;
const waiting: Job[] = [];
const suspects = new Set<string>();

/**
 * Does a task in the worker, and takes the time from the budget.
 * @throws TooCostly when the budget does not last; FhirError as the task refuses, or 503 when too many are waiting
 */
export async function evaluateInWorker<Of extends Task>(task: Of, budget: EvaluationBudget): Promise<AnswerTo<Of>> {
  if (budget.ms <= 0 || sizeOf(task) > MAX_TASK_CHARACTERS) throw new TooCostly();
  if (waiting.length >= MAX_WAITING) throw busy();
  const answer = await new Promise<TaskAnswer>((resolve, reject) => {
    const job: Job = {
      task,
      budget,
      isSuspect: suspects.size > 0 && suspects.has(nameOf(task)),
      resolve,
      reject,
      waiting: undefined as never,
    };
    job.waiting = setTimeout(() => {
      waiting.splice(waiting.indexOf(job), 1);
      reject(busy());
    }, MAX_WAIT_MS);
    waiting.push(job);
    next();
  });
  if (answer.kind === "costly") throw new TooCostly();
  if (answer.kind === "refusal") throw new FhirError(answer.status, answer.issues);
  return answer as AnswerTo<Of>;
}

const busy = () =>
  new FhirError(503, [
    { severity: "error", code: "throttled", diagnostics: "Too many expressions are waiting to be evaluated: try again." },
  ]);

const sizeOf = (task: Task): number => task.resource.length + (task.kind === "patch" ? task.parameters.length : 0);

/** What makes a task costly is what it asks, whatever resource it is asked of. */
function nameOf(task: Task): string {
  const hash = createHash("sha256");
  if (task.kind === "patch") hash.update(task.parameters);
  else for (const expression of new Set(task.rules.map((rule) => rule.expression))) hash.update(`${expression}\n`);
  return hash.digest("base64");
}

function next(): void {
  if (running || waiting.length === 0) return;
  worker ??= start();
  if (!worker.isReady) return;
  const place = Math.max(
    0,
    waiting.findIndex((job) => !job.isSuspect),
  );
  const [job] = waiting.splice(place, 1) as [Job];
  clearTimeout(job.waiting);
  if (job.budget.ms <= 0) {
    job.reject(new TooCostly());
    next();
    return;
  }
  running = job;
  clearTimeout(worker.timer);
  worker.timer = setTimeout(() => abandon(), job.budget.ms);
  worker.thread.postMessage(job.task);
}

function start(): NonNullable<typeof worker> {
  const thread = new Worker(join(import.meta.dirname, "worker.ts"), { resourceLimits: LIMITS, env: {}, execArgv: [] });
  const made = { thread, isReady: false, timer: setTimeout(() => failed(new Error("The worker does not start.")), START_MS) };
  made.timer.unref();
  const failed = (error: unknown) => {
    if (worker !== made) return;
    if (made.isReady) return abandon();
    // What keeps it from starting would keep the next one as well.
    end();
    for (const job of waiting.splice(0)) {
      clearTimeout(job.waiting);
      job.reject(error);
    }
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
  // It keeps no process alive. After the listeners: they would undo it.
  thread.unref();
  return made;
}

function finish({ answer, ms }: Extract<WorkerMessage, { ready: false }>): void {
  const job = running;
  running = undefined;
  if (!job) return;
  job.budget.ms -= ms;
  job.resolve(answer);
}

/** The task at hand takes too long, or too much memory: its request has had its time. */
function abandon(): void {
  const job = running;
  running = undefined;
  end();
  if (job) {
    job.budget.ms = 0;
    if (suspects.size >= MAX_SUSPECTS) suspects.delete(suspects.values().next().value as string);
    suspects.add(nameOf(job.task));
    job.reject(new TooCostly());
  }
  // The next task finds one that is ready.
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
