/** How the cost of an operation grows with its size. */
import { cpuUsage } from "node:process";

/** Processor time of this process with its threads, milliseconds: other processes do not count. */
export function usedMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}

export const timeOf = (work: () => unknown): number => {
  const begun = usedMs();
  work();
  return usedMs() - begun;
};

/** Limit of the growth for a tenfold size (quadratic would be a hundredfold), and a time that is always accepted, milliseconds. */
export const [TIMES, LEAST_MS] = [30, 400];

/** The growth of the time; undefined if acceptable. The shortest of three runs counts, because of garbage collection. */
export function excess(small: () => unknown, large: () => unknown): string | undefined {
  let after = timeOf(large);
  let before = 0;
  for (let round = 0; after > Math.max(LEAST_MS, TIMES * before); round++) {
    if (round === 3) return `${before.toFixed(1)} ms, ten times as much ${after.toFixed(1)} ms`;
    before = Math.max(before, timeOf(small));
    after = Math.min(after, timeOf(large));
  }
  return undefined;
}
