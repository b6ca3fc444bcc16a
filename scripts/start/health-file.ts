/**
 * How a node without a gateway shows that it serves: a file that it touches once a second, and that `scripts/health.ts`
 * reads. A process that hangs, has lost the mesh or is about to leave no longer touches it.
 */
import { rmSync, writeFileSync } from "node:fs";

const BEAT_MS = 1_000;
/** Age at which the node no longer counts as serving: three beats may be late on a busy machine. */
export const FRESH_MS = 4_000;

/** Touches the file once a second; `stop` ends that and removes the file. */
export interface HealthFile {
  stop(): void;
}

/** @param serves whether this node can be called at this moment */
export function keepHealthFile(file: string, serves: () => boolean): HealthFile {
  const beat = () => {
    if (serves()) writeFileSync(file, `${process.pid}\n`);
  };
  beat();
  const timer = setInterval(beat, BEAT_MS).unref();
  return {
    stop() {
      clearInterval(timer);
      rmSync(file, { force: true });
    },
  };
}
