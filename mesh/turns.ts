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

/** The steps of each client ("" if it is unknown), in order of arrival; bounded by the requests in flight, and by the concurrency of each. */
const waiting = new Map<string, (() => void)[]>();
/** How many there are. */
let count = 0;
/** Processor time that clients have used since the last time that no step was waiting, milliseconds. */
const used = new Map<string, number>();
/** Clients whose time is remembered. */
const MAX_CLIENTS = 1_000;
/** Whether the last step was one of a known client. */
let wasOfClient = false;
/** The step that was released last. */
let released: { client: string; at: number } | undefined;
let began = 0;
/** The turn to which `began` belongs: other callbacks of the same turn may follow its end. */
let turn = -1;
/** Whether waiting steps are being released. */
let isSharing = false;

/** Whether a step need not wait: the present turn has not lasted too long, and no other step waits. */
export const isOwnTurn = (): boolean => count === 0 && !isLong();

/**
 * Resolves when it is the step's turn: at once, unless the present turn has lasted too long or others wait. Of those that wait, steps of known and
 * of unknown clients alternate; of the known ones, the client that has used the least processor time is next.
 * @param client that made the request; "" if unknown: for steps that take little time, such as a read
 */
export function fairTurn(client = ""): Promise<void> {
  if (isOwnTurn()) return Promise.resolve();
  return new Promise((go) => {
    const own = waiting.get(client);
    if (own) own.push(go);
    else waiting.set(client, [go]);
    count += 1;
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
  const most = Math.min(count, MAX_OF_TURN);
  for (let n = 0; n < most; n++) {
    setImmediate(() => {
      charge();
      if (n === 0 || !isLong()) release();
    });
  }
  setImmediate(() => {
    charge();
    if (count > 0) return share();
    isSharing = false;
    used.clear();
  });
}

/** Counts the time of the step that was released last, which has run until now. */
function charge(): void {
  if (!released) return;
  const { client, at } = released;
  released = undefined;
  if (client === "") return;
  if (used.size >= MAX_CLIENTS) used.clear();
  used.set(client, (used.get(client) ?? 0) + Math.max(0, usedMs() - at));
}

function release(): void {
  const client = nextClient();
  const own = client === undefined ? undefined : waiting.get(client);
  const go = own?.shift();
  if (client === undefined || !own || !go) return;
  if (own.length === 0) waiting.delete(client);
  count -= 1;
  released = { client, at: usedMs() };
  wasOfClient = client !== "";
  go();
}

/** Whose step is next; undefined if none waits. */
function nextClient(): string | undefined {
  let [known, least]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const client of waiting.keys()) {
    const ms = used.get(client) ?? 0;
    if (client !== "" && ms < least) [known, least] = [client, ms];
  }
  return waiting.has("") && (known === undefined || wasOfClient) ? "" : known;
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
