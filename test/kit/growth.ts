/** How what something costs grows with its size. */
import { cpuUsage } from "node:process";

/** Processor time that this process has used, its threads with it, milliseconds: other work on the machine does not count. */
export function usedMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}

export const timeOf = (work: () => unknown): number => {
  const begun = usedMs();
  work();
  return usedMs() - begun;
};

/** Ten times as much may take this many times as long (each by each it would a hundred times), and so long in any case, milliseconds. */
export const [TIMES, LEAST_MS] = [30, 400];

/** How the time has grown; undefined when it is as it should be. The shortest of three counts: garbage is collected in between. */
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
