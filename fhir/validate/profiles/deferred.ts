/** Rules of profiles that the project's own compiler does not support: evaluated together in the worker. */
import { evaluateInWorker } from "../../expressions/evaluator.ts";
import { type ProfileContext, unsupported } from "./profile-context.ts";

/** @throws TooCostly; FhirError 503 when too many are waiting */
export async function checkDeferred(resource: object, work: ProfileContext): Promise<void> {
  const { deferred, run, budget } = work;
  const rules = deferred.map(({ expression, base, at }) => ({ expression, base, at }));
  const { kept } = await evaluateInWorker({ kind: "rules", resource: JSON.stringify(resource), rules }, budget);
  for (const [index, { key, human, path }] of deferred.entries()) {
    const isKept = kept[index];
    if (isKept === null) unsupported(work, `the rule ${key}: its FHIRPath cannot be evaluated here`);
    else if (!isKept) run.reportAt(path, "error", "invariant", `${key}: ${human}`);
  }
}
