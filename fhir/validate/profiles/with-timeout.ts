/** Regular expressions that a client has written into a profile may take for ever on some texts; nothing else of FHIRPath does. */
import { createContext, Script } from "node:vm";

/** Longest that one evaluation takes, and all of one resource together of those that are not done in a moment; milliseconds. */
const [MAX_EVALUATION_MS, MAX_TOTAL_MS, NOT_COUNTED_MS] = [100, 300, 5];

/** The time was not enough. */
export class TimeExceeded extends Error {}

/** What is left of the time for one resource. */
export class TimeBudget {
  left = MAX_TOTAL_MS;
}

/** Made when first needed: a context takes a megabyte, and few services ever check such a profile. */
let made: { box: { work?: (() => unknown) | undefined }; script: Script } | undefined;

/** @throws TooSlow, besides what the work throws */
export function withTimeout<Result>(work: () => Result, time: TimeBudget): Result {
  if (time.left <= 0) throw new TimeExceeded();
  made ??= { box: createContext({}), script: new Script("work()") };
  const { box, script } = made;
  const begun = performance.now();
  box.work = work;
  try {
    // V8 ends what runs in a script when its time is over, also within a regular expression.
    return script.runInContext(box, { timeout: Math.ceil(Math.min(MAX_EVALUATION_MS, time.left)) }) as Result;
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") throw new TimeExceeded();
    throw error;
  } finally {
    box.work = undefined;
    const spent = performance.now() - begun;
    // A large resource has thousands of them that take no time to speak of.
    if (spent > NOT_COUNTED_MS) time.left -= spent;
  }
}
