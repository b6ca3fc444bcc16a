/** Evaluates expressions by the library, in a thread that may be terminated at any moment. */
import { flushCompileCache } from "node:module";
import { parentPort } from "node:worker_threads";
import { TooCostly } from "./budget.ts";
import { areKept, locate } from "../fhirpath.ts";
import { parseJson } from "../json.ts";
import { FhirError } from "../outcome.ts";
import { fhirPathPatch } from "../patch/fhirpath-patch.ts";
import type { Resource } from "../resource.ts";
import type { TaskAnswer, WorkerMessage, Task } from "./tasks.ts";

const port = parentPort;
if (!port) throw new Error("This file is run as a worker.");

// The library writes warnings to the console, which may contain data of clients.
for (const name of ["log", "info", "warn", "error", "debug"] as const) console[name] = () => {};

/** Processor time of this thread, milliseconds: on a busy machine it waits for a processor. */
const usedMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

const tell = (message: WorkerMessage): void => port.postMessage(message);

function answerTo(task: Task): TaskAnswer {
  const resource = parseJson(task.resource) as Resource;
  if (task.kind === "rules") return { kind: "rules", kept: areKept(resource, task.rules) };
  return { kind: "patch", json: JSON.stringify(fhirPathPatch(resource, parseJson(task.parameters) as Resource, locate)) };
}

port.on("message", (task: Task) => {
  const begun = usedMs();
  let answer: TaskAnswer;
  try {
    answer = answerTo(task);
  } catch (error) {
    if (error instanceof TooCostly) answer = { kind: "costly" };
    else if (error instanceof FhirError) answer = { kind: "refusal", status: error.status, issues: error.issues };
    else throw error;
  }
  tell({ ready: false, answer, ms: usedMs() - begun });
});

locate("Patient", { resourceType: "Patient" }); // loads the library
tell({ ready: true });

flushCompileCache(); // a thread may be terminated at any moment
