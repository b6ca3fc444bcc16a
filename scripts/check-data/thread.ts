/** One thread of a check (in-threads.ts). */
import { parentPort, workerData } from "node:worker_threads";
import { checkData } from "./check.ts";
import type { ThreadData, ThreadMessage } from "./in-threads.ts";
import { closeAll, openSources } from "./sources.ts";

const { config, services, clocksMs } = workerData as ThreadData;
const say = (message: ThreadMessage) => parentPort?.postMessage(message);

try {
  const sources = await openSources(config);
  try {
    const progress = (resources: number) => say({ resources });
    const report = await checkData(sources, {
      rules: config.rules,
      services: new Set(services),
      progress,
      ...(clocksMs !== undefined && { clocksMs }),
    });
    say({ report });
  } finally {
    await closeAll(sources);
  }
} catch (error) {
  say({ failed: (error as Error).message });
}
