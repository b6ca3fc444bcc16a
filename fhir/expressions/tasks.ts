/** The messages to and from the worker: plain data that can be copied between threads. */
import type { Location } from "../fhirpath.ts";
import type { Issue } from "../outcome.ts";

/** The expression of one rule of a profile, on one element of the resource. */
export interface RuleTask {
  expression: string;
  /** Type of the element, or the path of its backbone: `Questionnaire.item`. */
  base: string;
  at: Location;
}

/** The task in one message to the worker. */
export type Task =
  | { kind: "rules"; resource: string; rules: RuleTask[] }
  /** A FHIRPath Patch; both as JSON. */
  | { kind: "patch"; resource: string; parameters: string };

/** The worker's answer to one task; `refusal` and `costly` replace the result. */
export type TaskAnswer =
  /** For each rule whether it holds; null if its expression cannot be evaluated. */
  | { kind: "rules"; kept: (boolean | null)[] }
  | { kind: "patch"; json: string }
  | { kind: "refusal"; status: number; issues: Issue[] }
  | { kind: "costly" };

/** The type of the answer to a task. */
export type AnswerTo<Of extends Task> = Extract<TaskAnswer, { kind: Of["kind"] }>;

/** Messages from the worker: first that it is ready, then one for each task. */
export type WorkerMessage = { ready: true } | { ready: false; answer: TaskAnswer; ms: number };
