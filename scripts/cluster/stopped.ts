/**
 * Ends processes that were suspended (SIGSTOP, a debugger that has gone): others wait for what they hold, and their own watchdog is
 * suspended too. A process that is only slow is not suspended. Needs the system's process states (Linux); elsewhere no process is ended.
 */
import { readFileSync } from "node:fs";

/** Interval between two checks, milliseconds. */
const LOOK_MS = 500;
/** Limit for a gateway, milliseconds: it holds connections of clients, which reconnect to another one when it has ended. */
const GATEWAY_MS = 1_500;
/** Limit for a process that was suspended while it wrote to a file, which blocks all other writers, milliseconds. */
const WRITER_MS = 1_000;
/** Limit for any other process, milliseconds: other nodes have taken over its work by then (mesh/liveness.ts). */
const OTHER_MS = 15_000;

/** Id, program and state of a process in /proc. */
const STATE = /^\d+ \(.*\) (\S)/s;

/** Calls `end` when the process has been suspended for longer than its limit. @returns a function that ends the watch */
export function whenStopped(pid: number, isGateway: boolean, end: (stoppedMs: number) => void): () => void {
  let looks = 0;
  const timer = setInterval(() => {
    looks = isStopped(pid) ? looks + 1 : 0;
    const stoppedMs = looks * LOOK_MS;
    if (stoppedMs < WRITER_MS || stoppedMs < patienceWith(pid, isGateway)) return;
    clearInterval(timer);
    end(stoppedMs);
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

function patienceWith(pid: number, isGateway: boolean): number {
  if (isGateway) return GATEWAY_MS;
  return isWriting(pid) ? WRITER_MS : OTHER_MS;
}

const isStopped = (pid: number): boolean => STATE.exec(told(`/proc/${pid}/stat`))?.[1] === "T";

/** Whether it holds a lock on a part of a file, as SQLite does while it writes. */
const isWriting = (pid: number): boolean => new RegExp(String.raw`^\d+: POSIX +\S+ +WRITE ${pid} `, "m").test(told("/proc/locks"));

function told(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // it has ended, or the system has no such file
  }
}
