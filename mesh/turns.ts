/**
 * Turns of the event loop, shared out: promises alone never let anybody else in, so that one request of many steps would keep all others
 * waiting. A step that may take long asks before it begins; who has waited longest is next.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { usedMs } from "./processor-time.ts";

/**
 * So much processor time one turn of the event loop may take before further steps wait for another, milliseconds. Not time on the clock: while a
 * store waits for the disk, those that come then would be let go one by one, each to have a commit of its own.
 */
const TURN_MS = 25;
/** Steps that begin in one turn, at most; those that take long end it earlier. */
const MAX_OF_TURN = 64;

/** Bounded by the requests in flight, and by what each of them does at once. */
const waiting: (() => void)[] = [];
let began = 0;
/** The turn that `began` is of: not known by a callback of its end, behind which others may have their place in the same turn. */
let turn = -1;
/** Whether those that wait are being let go. */
let isSharing = false;

/** Whether a step need not wait for its turn: this one has not lasted too long yet, and nobody waits. */
export const isOwnTurn = (): boolean => waiting.length === 0 && !isLong();

/** Resolves when it is the step's turn: at once, unless this turn has lasted too long already or others wait. */
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

/** Each that is let go runs until it waits for something, before the next one is looked at; what comes in from outside is between two turns. */
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

/** Resolves when the process has had a moment with nothing to do, or after `maxMs` milliseconds: what comes while it is busy can go together. */
export async function whileBusy(maxMs: number): Promise<void> {
  const until = performance.now() + maxMs;
  for (let now = performance.now(); now < until; ) {
    const [began, idle] = [now, performance.nodeTiming.idleTime];
    await delay(1);
    now = performance.now();
    if (performance.nodeTiming.idleTime - idle > (now - began) / 2) return;
  }
}
