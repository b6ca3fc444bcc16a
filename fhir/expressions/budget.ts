/**
 * What the expressions that clients write may cost: FHIRPath in patches, and in the rules of stored profiles. All expressions of
 * one request share one budget, however many resources it has.
 */

/** On the main thread, each about a node that is looked at; they take some 200 ms. */
const MAX_STEPS = 1_000_000;
/** In the worker, all evaluations of one request together. Milliseconds. */
export const MAX_EVALUATION_MS = 300;

/** Requests whose budgets are kept, and for how long: a transaction asks each owner several times. */
const MAX_KEPT = 1_000;
const KEPT_MS = 30_000; // milliseconds

/** Thrown when a budget is used up. */
export class TooCostly extends Error {
  constructor() {
    super("The expressions of this request take too long.");
  }
}

/** What is left for the expressions of one request. */
export class EvaluationBudget {
  steps = MAX_STEPS;
  /** Milliseconds in the worker. */
  ms = MAX_EVALUATION_MS;

  /** @throws TooCostly */
  spend(steps: number): void {
    this.steps -= steps;
    if (this.steps < 0) throw new TooCostly();
  }
}

const kept = new Map<string, { budget: EvaluationBudget; at: number }>();

/** The budget of a request, by the name that goes along with all its calls (`workOf`); a new one where there is none. */
export function budgetOf(work: string | null | undefined): EvaluationBudget {
  if (!work) return new EvaluationBudget();
  const now = performance.now();
  const known = kept.get(work);
  if (known && now - known.at <= KEPT_MS) return known.budget;
  kept.delete(work);
  if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as string);
  const budget = new EvaluationBudget();
  kept.set(work, { budget, at: now });
  return budget;
}
