/** Settings of a mesh whose processes have clocks that tests can set. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** `env` of `startMesh`, for `setClock` of its nodes (test/kit/shifted-clock.ts). */
export const CAN_SET_CLOCKS = { NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "shifted-clock.ts")).href}` };
