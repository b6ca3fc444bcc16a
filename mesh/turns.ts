/**
 * Shares the event loop fairly: promises alone never let other work in, so that one request of many steps would keep all others
 * waiting. A step that may take long asks for its turn first; the one that has waited longest is next.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { usedMs } from "./processor-time.ts";

/**
 * Processor time of one turn of the event loop after which further steps wait for the next, milliseconds. Not wall-clock time: while a
 * store waits for the disk, arriving steps would be released one by one, each with a commit of its own.
 */
const TURN_MS = 25;
/** Steps that begin in one turn at most; long ones end it earlier. */
const MAX_OF_TURN = 64;

/** Waiting steps; bounded by the requests in flight, and by the concurrency of each. */
const waiting: (() => void)[] = [];
let began = 0;
/** The turn to which `began` belongs: other callbacks of the same turn may follow its end. */
let turn = -1;
/** Whether waiting steps are being released. */
let isSharing = false;

/** Whether a step need not wait: the present turn has not lasted too long, and no other step waits. */
export const isOwnTurn = (): boolean => waiting.length === 0 && !isLong();

/** Resolves when it is the step's turn: at once, unless the present turn has lasted too long or others wait. */
export function fairTurn(): Promise<void> {
  if (isOwnTurn()) return Promise.resolve();
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (isSharing) return;
    isSharing = true;
    setImmediate(share);
  });
}

function isLong(): boolean {
  const { loopCount } = performance.nodeTiming.uvMetricsInfo;
  if (loopCount === turn) return usedMs() - began > TURN_MS;
  turn = loopCount;
  began = usedMs();
  return false;
}

/** Releases waiting steps; each runs until it waits for something before the next one is released. Input is processed between two turns. */
function share(): void {
  const most = Math.min(waiting.length, MAX_OF_TURN);
  for (let n = 0; n < most; n++) {
    setImmediate(() => {
      if (n === 0 || !isLong()) waiting.shift()?.();
    });
  }
  setImmediate(() => {
    if (waiting.length > 0) share();
    else isSharing = false;
  });
}

/** Resolves when the process has been idle for a moment, or after `maxMs` milliseconds: work that arrives while it is busy can be combined. */
export async function whileBusy(maxMs: number): Promise<void> {
  const until = performance.now() + maxMs;
  for (let now = performance.now(); now < until; ) {
    const [began, idle] = [now, performance.nodeTiming.idleTime];
    await delay(1);
    now = performance.now();
    if (performance.nodeTiming.idleTime - idle > (now - began) / 2) return;
  }
}
