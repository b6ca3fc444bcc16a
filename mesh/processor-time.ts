/** Processor time of this thread: other work on the machine does not count. */

/** Reading it costs more than most of what is measured, and an object each time; within this time the wall clock is used instead, milliseconds. */
const READING_HOLDS_MS = 1;

let readAt = Number.NEGATIVE_INFINITY;
let read = 0;

/** Processor time of this thread, milliseconds; up to 1 ms too much, so that a difference may be off by 1 ms, also negative. */
export function usedMs(): number {
  const now = performance.now();
  const since = now - readAt;
  if (since < READING_HOLDS_MS) return read + since;
  const { user, system } = process.threadCpuUsage();
  readAt = now;
  read = (user + system) / 1_000;
  return read;
}
