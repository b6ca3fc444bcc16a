/**
 * Ends processes that the system has stopped (SIGSTOP, a debugger that has gone): others wait for what they hold, and their own watchdog is
 * stopped with them. One that is only slow, on a machine with too much to do, is not stopped. Where the system does not tell (it does on Linux), none
 * is ended.
 */
import { readFileSync } from "node:fs";

/** Between two looks, milliseconds. */
const LOOK_MS = 500;
/** A stopped gateway holds the connections of clients: when it has ended they connect anew, to another. Milliseconds. */
const GATEWAY_MS = 1_500;
/** One that was stopped while it wrote to a file keeps all others from writing to it. Milliseconds. */
const WRITER_MS = 1_000;
/** Of any other the work has gone to other nodes by then (mesh/liveness.ts); it is only missed as one of several. Milliseconds. */
const OTHER_MS = 15_000;

/** What the system says of a process: its id, its program, its state. */
const STATE = /^\d+ \(.*\) (\S)/s;

/** Calls `end` when the process has been stopped for so long that others must not wait any more. @returns ends the watch */
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

/** Whether it has locked a part of a file for itself, as SQLite does while it writes. */
const isWriting = (pid: number): boolean => new RegExp(String.raw`^\d+: POSIX +\S+ +WRITE ${pid} `, "m").test(told("/proc/locks"));

function told(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // it has ended, or the system has no such file
  }
}
