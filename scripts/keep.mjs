/**
 * What `npm start` is: starts a script as a process of its own and starts it again when the watchdog has ended it, because it hung
 * (scripts/start/watchdog.ts). Every other end of it is the end of this process, in the same way. Plain JavaScript without packages: it is
 * there as long as the server is, and should be small.
 *
 *   node scripts/keep.mjs serve [ARGUMENT …]
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** So many restarts within the time are made at once; further ones after a pause, as what hangs a server may go on asking for it. Milliseconds. */
const MAX_RESTARTS = 5;
const [RESTARTS_MS, PAUSE_MS] = [600_000, 30_000];
/** What is large is given back to the system at once, and the C library keeps two heaps: half of the memory after an attack. */
const MEMORY_ENV = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "131072", MALLOC_TRIM_THRESHOLD_: "131072" };
/** The child's end of the socket between the two. */
const FD = 3;

const RUN = fileURLToPath(new URL("./run.mjs", import.meta.url));
/** @type {import("node:child_process").ChildProcess | undefined} */
let child;
/** Set while none runs. @type {NodeJS.Timeout | undefined} */
let pausing;
let isAsked = false;
let isUp = false;
/** When it was started again, milliseconds since this process began. @type {number[]} */
let restarts = [];

// A closed terminal takes what is said to it along, not the server.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => pass(signal));
start();

/** A child that has its handlers is told over the socket: a terminal signals both, and the child would take it for two. @param {NodeJS.Signals} signal */
function pass(signal) {
  if (signal !== "SIGHUP") isAsked = true;
  if (pausing) process.exit(1);
  if (!isUp || signal === "SIGHUP") child?.kill(signal);
  else socketOf(child)?.write("signal\n", () => {});
}

function start() {
  pausing = undefined;
  isUp = false;
  let isHung = false;
  const env = { ...MEMORY_ENV, ...process.env, OPENWARD_PARENT_FD: String(FD) };
  const args = [...process.execArgv, RUN, ...process.argv.slice(2)];
  const started = spawn(process.execPath, args, { stdio: ["inherit", "inherit", "inherit", "pipe"], env });
  child = started;
  const socket = socketOf(started);
  socket?.on("error", () => {}); // its end follows
  socket?.on("data", (chunk) => {
    if (chunk.includes("up")) isUp = true;
    if (chunk.includes("hung")) isHung = true;
  });
  started.on("error", (error) => {
    console.error(`${process.execPath} cannot be started: ${error.message}.`);
    process.exit(1);
  });
  // Not "exit": what it said last is read by now.
  started.on("close", (code, signal) => {
    if (isHung) again();
    else if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}

function again() {
  const now = performance.now();
  restarts = restarts.filter((at) => now - at < RESTARTS_MS);
  if (isAsked) {
    console.error("The server was blocked while it stopped, and was ended.");
    process.exit(1);
  }
  const isOften = restarts.length >= MAX_RESTARTS;
  const when = isOften ? `for the ${restarts.length + 1}th time within ${RESTARTS_MS / 60_000} minutes, in ${PAUSE_MS / 1_000} s` : "now";
  console.error(`The server was blocked and was ended; it is started again ${when}. The journal says what it was working on.`);
  restarts.push(now);
  if (isOften) pausing = setTimeout(start, PAUSE_MS);
  else start();
}

/** @param {import("node:child_process").ChildProcess | undefined} of */
function socketOf(of) {
  return /** @type {import("node:net").Socket | null | undefined} */ (of?.stdio[FD]);
}
