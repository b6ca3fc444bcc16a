/**
 * Shares the event loop fairly: promises alone never let other work in, so that one request of many steps would keep all others
 * waiting. A step that may take long asks for its turn first. Clients take turns, however many requests each has; of one client's
 * steps the one that has waited longest is next.
 */
import { AsyncLocalStorage } from "node:async_hooks";
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

/** The client for whom the present work is done. */
const present = new AsyncLocalStorage<string>();
/** Waiting steps by client, none empty: the first client is next. Bounded by the requests in flight, and by the concurrency of each. */
const waiting = new Map<string, (() => void)[]>();
let count = 0;
let began = 0;
/** The turn to which `began` belongs: other callbacks of the same turn may follow its end. */
let turn = -1;
/** Whether waiting steps are being released. */
let isSharing = false;

/** Whether a step need not wait: the present turn has not lasted too long, and no other step waits. */
export const isOwnTurn = (): boolean => count === 0 && !isLong();

/** Does work for a client: its steps wait with those of this client. @param client "" for the mesh's own work */
export const onBehalfOf = <Result>(client: string, work: () => Result): Result =>
  present.getStore() === client ? work() : present.run(client, work);

/** Resolves when it is the step's turn: at once, unless the present turn has lasted too long or others wait. */
export function fairTurn(): Promise<void> {
  if (isOwnTurn()) return Promise.resolve();
  return new Promise((resolve) => {
    enqueue(resolve);
    if (isSharing) return;
    isSharing = true;
    setImmediate(share);
  });
}

function enqueue(step: () => void): void {
  const client = present.getStore() ?? "";
  const steps = waiting.get(client);
  if (steps) steps.push(step);
  else waiting.set(client, [step]);
  count += 1;
}

/** The next step, if any; its client's others wait until the other clients have had their turns. */
function dequeue(): (() => void) | undefined {
  for (const [client, steps] of waiting) {
    waiting.delete(client);
    const step = steps.shift();
    if (steps.length > 0) waiting.set(client, steps);
    count -= 1;
    return step;
  }
  return undefined;
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
  const most = Math.min(count, MAX_OF_TURN);
  for (let n = 0; n < most; n++) {
    setImmediate(() => {
      if (n === 0 || !isLong()) dequeue()?.();
    });
  }
  setImmediate(() => {
    if (count > 0) share();
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
