/**
 * Limits the cost of expressions of clients: FHIRPath in patches, and in the rules of stored profiles. All expressions of
 * one request share one budget, however many resources the request has.
 */

/** Steps on the main thread, each of which visits a node; they take about 200 ms. */
const MAX_STEPS = 1_000_000;
/** Time of all evaluations of one request in the worker, milliseconds. */
export const MAX_EVALUATION_MS = 300;

/** Requests whose budgets are kept: a transaction calls each owner several times. */
const MAX_KEPT = 1_000;
const KEPT_MS = 30_000; // milliseconds

/** Thrown when a budget is used up. */
export class TooCostly extends Error {
  constructor() {
    super("The expressions of this request take too long.");
  }
}

/** What is left of the evaluation cost of one request. */
export class EvaluationBudget {
  steps = MAX_STEPS;
  /** Milliseconds left in the worker. */
  ms = MAX_EVALUATION_MS;
  /** The client that made the request; "" if it is unknown. */
  readonly client: string;

  constructor(client = "") {
    this.client = client;
  }

  /** @throws TooCostly */
  spend(steps: number): void {
    this.steps -= steps;
    if (this.steps < 0) throw new TooCostly();
  }
}

const kept = new Map<string, { budget: EvaluationBudget; at: number }>();

/**
 * The budget of a request, by the name that all its calls carry; a new one if there is none.
 * @param work the client's name, a space, and the request's id
 */
export function budgetOf(work: string | null | undefined): EvaluationBudget {
  if (!work) return new EvaluationBudget();
  const now = performance.now();
  const known = kept.get(work);
  if (known && now - known.at <= KEPT_MS) return known.budget;
  kept.delete(work);
  if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as string);
  const budget = new EvaluationBudget(work.slice(0, Math.max(0, work.lastIndexOf(" "))));
  kept.set(work, { budget, at: now });
  return budget;
}
