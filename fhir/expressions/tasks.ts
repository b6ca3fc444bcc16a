/** What the worker is asked, and what it answers: plain data that survives being copied from thread to thread. */
import type { Location } from "../fhirpath.ts";
import type { Issue } from "../outcome.ts";

/** One expression of a profile's rule, on one element of the resource. */
export interface RuleTask {
  expression: string;
  /** Type of the element, or the path of its backbone: `Questionnaire.item`. */
  base: string;
  at: Location;
}

/** What the worker does for one message. */
export type Task =
  | { kind: "rules"; resource: string; rules: RuleTask[] }
  /** A FHIRPath Patch; both as JSON. */
  | { kind: "patch"; resource: string; parameters: string };

/** What the worker answers to one task; `refusal` and `costly` stand in for the result. */
export type TaskAnswer =
  /** For each rule whether it is kept; null where its expression cannot be evaluated. */
  | { kind: "rules"; kept: (boolean | null)[] }
  | { kind: "patch"; json: string }
  | { kind: "refusal"; status: number; issues: Issue[] }
  | { kind: "costly" };

/** The answer that a task gets. */
export type AnswerTo<Of extends Task> = Extract<TaskAnswer, { kind: Of["kind"] }>;

/** From the worker: that it is ready for its first task, then one message for each task. */
export type WorkerMessage = { ready: true } | { ready: false; answer: TaskAnswer; ms: number };
