/**
 * How a node without a gateway tells whether it serves: a file that it touches once a second, and that `scripts/health.ts`
 * looks at. A process that hangs, has lost the mesh or is about to leave touches it no more.
 */
import { rmSync, writeFileSync } from "node:fs";

const BEAT_MS = 1_000;
/** Older than that, and the node does not serve: three beats may be late on a busy machine. */
export const FRESH_MS = 4_000;

/** A pulse that beats once a second; `stop` ends it and removes its file. */
export interface Pulse {
  stop(): void;
}

/** @param serves whether this node can be called at this moment */
export function startPulse(file: string, serves: () => boolean): Pulse {
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
