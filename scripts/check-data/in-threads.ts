/** A check on several processors: each thread goes through the resources of some services, and asks all stores of what they refer to. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Config } from "../../mesh/config.ts";
import { type CheckOptions, checkData } from "./check.ts";
import { type Report, together } from "./findings.ts";
import type { Source } from "./sources.ts";

/** Threads at most: a thread keeps some 100 MB of facts and pages. */
const MAX_THREADS = 4;
/** So few resources are gone through before a thread has loaded. */
const MIN_RESOURCES = 20_000;

/** How many threads there are at most, and for how many resources at least. */
export interface Threads {
  threads?: number;
  least?: number;
}

/** What a thread is told. */
export interface ThreadData {
  /** Settings of the system whose stores these are. */
  config: Config;
  services: string[];
  clocksMs: number | undefined;
}

/** What a thread says: how far it has come, its report, or why there is none. */
export type ThreadMessage = { resources: number } | { report: Report } | { failed: string };

/**
 * @param config by which the sources were opened: each thread opens them too
 * @param bounds default: as many threads as there are processors, up to four, for 20,000 resources and more
 * @throws StoreError when a store cannot be read
 */
export async function checkInThreads(
  sources: Source[],
  config: Config,
  options: CheckOptions,
  { threads = availableParallelism(), least = MIN_RESOURCES }: Threads = {},
): Promise<Report> {
  const sizes = await Promise.all(sources.map(async ({ service, store }) => ({ service, size: sizeOf((await store.stats()).documents) })));
  const all = sizes.reduce((sum, { size }) => sum + size, 0);
  const shares = all < least ? [] : shareOut(sizes, Math.min(threads, MAX_THREADS));
  if (shares.length < 2) return checkData(sources, options);
  const begun = performance.now();
  const done = shares.map(() => 0);
  const reports = shares.map((services, index) =>
    checkInThread({ config, services, clocksMs: options.clocksMs }, (resources) => {
      done[index] = resources;
      options.progress?.(done.reduce((sum, one) => sum + one, 0));
    }),
  );
  return { ...together(await Promise.all(reports)), seconds: (performance.now() - begun) / 1_000 };
}

const sizeOf = (documents: Record<string, number>) => Object.values(documents).reduce((sum, count) => sum + count, 0);

/** The largest first, each to whom has least; shares that got nothing are left out. */
export function shareOut(sizes: { service: string; size: number }[], count: number): string[][] {
  const shares = Array.from({ length: count }, () => ({ services: [] as string[], size: 0 }));
  for (const { service, size } of sizes.toSorted((a, b) => b.size - a.size)) {
    const least = shares.reduce((one, other) => (other.size < one.size ? other : one));
    least.services.push(service);
    least.size += size;
  }
  return shares.map(({ services }) => services).filter((services) => services.length > 0);
}

function checkInThread(workerData: ThreadData, progress: (resources: number) => void): Promise<Report> {
  const worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.on("message", (message: ThreadMessage) => {
      if ("resources" in message) progress(message.resources);
      else if ("report" in message) resolve(message.report);
      else reject(new Error(message.failed));
    });
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("A thread of the check ended before it had a report.")));
  });
}
