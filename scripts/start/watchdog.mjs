/**
 * The thread of the watchdog: watches whether the main thread, and the one that writes, still count. Plain JavaScript, so that the thread needs no compiler:
 * there is one in every process.
 */
import { mkdirSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { workerData } from "node:worker_threads";

/**
 * @typedef {object} Watched
 * @property {SharedArrayBuffer[]} beats of each thread: one number that it counts up, and one that is 1 while it need not
 * @property {{ memory: SharedArrayBuffer, places: number, placeBytes: number }} work mesh/begun-work.ts
 * @property {string} folder for what is told
 * @property {string} nodeId
 * @property {number} hungAfterMs
 * @property {number | undefined} parent file descriptor that the parent process reads, where there is one
 */
const { beats, work, folder, nodeId, hungAfterMs, parent } = /** @type {Watched} */ (workerData);
const TICK_MS = 250;
/** Who hangs in a loop takes a processor, or the half of one that others want too. */
const LEAST_SHARE = 0.5;
/** Who got less waits for a processor, as where many processes start on few, or for a disk: so many times longer. */
const TIMES_AS_LONG = 6;
const threads = beats.map((buffer) => ({ state: new Int32Array(buffer), seen: 0, stillMs: 0, usedBefore: usedMs() }));
let last = performance.now();

/** Processor time of this process. */
function usedMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const watching = setInterval(() => {
  const now = performance.now();
  const gap = now - last;
  last = now;
  if (!threads.some((thread) => hangs(thread, gap))) return;
  clearInterval(watching);
  end();
}, TICK_MS);

/**
 * @param {typeof threads[number]} thread
 * @param {number} gap since the last look, milliseconds
 */
function hangs(thread, gap) {
  const count = Atomics.load(thread.state, 0);
  if (count !== thread.seen || Atomics.load(thread.state, 1) === 1) {
    Object.assign(thread, { seen: count, stillMs: 0, usedBefore: usedMs() });
    return false;
  }
  // If this thread was late as well, the whole process was suspended (SIGSTOP), or the machine was.
  thread.stillMs += Math.min(gap, 2 * TICK_MS);
  if (thread.stillMs >= hungAfterMs * TIMES_AS_LONG) return true;
  return thread.stillMs >= hungAfterMs && usedMs() - thread.usedBefore >= hungAfterMs * LEAST_SHARE;
}

function end() {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${nodeId}.json`);
    writeFileSync(`${file}.part`, JSON.stringify({ kind: "process-hung", node: nodeId, what: begunWork(), at: Date.now() }), {
      mode: 0o600,
    });
    renameSync(`${file}.part`, file);
  } catch {
    // A disk that is full keeps no process alive that hangs.
  }
  try {
    if (parent !== undefined) writeSync(parent, "hung\n");
  } catch {
    // It is gone.
  }
  process.kill(process.pid, "SIGKILL");
}

/** What has begun, the last one first. */
function begunWork() {
  const begun = new Int32Array(work.memory, 0, 1)[0];
  const bytes = Buffer.from(work.memory, 4);
  return Array.from({ length: Math.min(begun, work.places) }, (_, index) => {
    const from = ((begun - 1 - index) % work.places) * work.placeBytes;
    return bytes.toString("utf8", from + 1, from + 1 + bytes[from]);
  });
}
