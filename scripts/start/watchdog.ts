/**
 * Ends this process when its event loop, or that of the thread that writes, stands still, so that another takes its place: nothing else could, as a process that hangs answers
 * no signal. What it worked on lies in the data folder afterwards, and is reported by the next node that starts there.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import inspector from "node:inspector";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { ServiceBroker } from "moleculer";
import { anomaliesOf } from "../../mesh/anomalies.ts";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { BEGUN_WORK } from "../../mesh/begun-work.ts";
import { WRITE_THREAD_BEATS } from "../../store/sqlite/thread/writer-thread.ts";

/** An event loop that stands still for so long, and takes a processor meanwhile, does not come back. Milliseconds. */
const HUNG_AFTER_MS = 5_000;
const BEAT_MS = 250;
/** The thread needs next to nothing. Megabytes. */
const THREAD_MEMORY = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, codeRangeSizeMb: 0, stackSizeMb: 1 };
/** Reports of one start; more would only say the same. */
const MAX_REPORTS = 100;

const folderIn = (dataDir: string) => join(dataDir, "anomalies");

/** Watches from now until the process ends, except while a debugger is open. @param parent file descriptor on which a parent process is told */
export function startWatchdog({ dataDir, nodeId, parent }: { dataDir: string; nodeId: string; parent?: number | undefined }): void {
  const beats = new SharedArrayBuffer(8);
  const state = new Int32Array(beats);
  const beat = () => {
    Atomics.store(state, 1, inspector.url() === undefined ? 0 : 1);
    Atomics.add(state, 0, 1);
  };
  beat();
  setInterval(beat, BEAT_MS).unref();
  const worker = new Worker(new URL("./watchdog.mjs", import.meta.url), {
    workerData: {
      beats: [beats, WRITE_THREAD_BEATS],
      work: BEGUN_WORK,
      folder: folderIn(dataDir),
      nodeId,
      hungAfterMs: HUNG_AFTER_MS,
      parent,
    },
    resourceLimits: THREAD_MEMORY,
    execArgv: [],
    env: {},
  });
  worker.unref();
  worker.on("error", () => {}); // a process without a watchdog works as well
}

/** Reports what processes that were ended have left in the folder, each once, whichever node starts first. */
export function reportHungProcesses(broker: ServiceBroker, dataDir: string): void {
  for (const hung of takeHung(folderIn(dataDir))) {
    broker.logger.error(`The process of ${hung.node} was blocked and was ended. It had begun last: ${hung.what.join(", ") || "nothing"}`);
    const [, trace] = /^\S+ (\S+)$/.exec(hung.what.find((one) => one.includes(" ")) ?? "") ?? [];
    anomaliesOf(broker).report({
      kind: AnomalyKind.processHung,
      subject: hung.what.join(", "),
      node: hung.node,
      at: hung.at,
      ...(trace && { trace }),
    });
  }
}

interface Hung {
  node: string;
  what: string[];
  at: number;
}

/** A path is what a client has sent: of that only what ids are made of is told. */
const plain = (text: unknown): string => String(text).replace(/[^A-Za-z0-9/_.$ -]+/g, "_");

function takeHung(folder: string): Hung[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.slice(0, MAX_REPORTS).flatMap((name) => {
    const mine = join(folder, `${name}.${process.pid}`);
    try {
      renameSync(join(folder, name), mine); // nodes that start at the same moment share the folder: one of them gets it
      const { node, what, at } = JSON.parse(readFileSync(mine, "utf8")) as Hung;
      rmSync(mine);
      return [{ node: String(node), what: what.map(plain), at: Math.round(Number(at)) || Date.now() }];
    } catch {
      rmSync(mine, { force: true });
      return [];
    }
  });
}
