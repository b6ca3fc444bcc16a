/** A clock for limits of time on a machine that others use too, or that stands still for seconds. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

const TICK_MS = 10;
/** Counted of the time between two ticks at most: beyond, the machine did not run this process. Milliseconds. */
const MAX_OF_TICK_MS = 5 * TICK_MS;
/** Linux: its fourth field is `threads that run or wait for a processor/all threads`. */
const LOAD = "/proc/loadavg";
const hasLoad = existsSync(LOAD);

let passed = 0;
let last = performance.now();

/** The part of a processor that a thread gets at this moment, 0 to 1; 1 where the system does not tell. */
function share(): number {
  const running = hasLoad ? Number(/ (\d+)\//.exec(readFileSync(LOAD, "latin1"))?.[1]) : 1;
  return Math.min(1, availableParallelism() / Math.max(1, running));
}

setInterval(() => {
  const now = performance.now();
  passed += Math.min(now - last, MAX_OF_TICK_MS) * share();
  last = now;
}, TICK_MS).unref();

/**
 * Milliseconds since this process began to use the clock, as they pass on a quiet machine: where more threads are to run than there are processors, a
 * second counts as the part of a processor that each gets, and while the machine stands still nothing counts. Waiting for a timer or a deadline counts in
 * full. For what other processes do: the work of this process itself is measured by `usedMs` (growth.ts).
 */
export const runningMs = (): number => passed;
