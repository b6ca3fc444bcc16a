/** A clock for limits of time on a machine that may stand still for seconds. */

const TICK_MS = 10;
/** Counted of the time between two ticks at most: beyond, the machine did not run this process. Milliseconds. */
const MAX_OF_TICK_MS = 5 * TICK_MS;

let passed = 0;
let last = performance.now();

setInterval(() => {
  const now = performance.now();
  passed += Math.min(now - last, MAX_OF_TICK_MS);
  last = now;
}, TICK_MS).unref();

/**
 * Milliseconds since this process began to use the clock, of which only those count in which the machine runs it. For what another process does, or a timer:
 * where the work is done by this process itself, `usedMs` (growth.ts) measures it.
 */
export const runningMs = (): number => passed;
