/** Starts the thread that writes. Plain JavaScript: what Node keeps compiled of the scripts (`scripts/run.mjs`) saves the thread the stripping of types. */
import module from "node:module";
import { workerData } from "node:worker_threads";

if (typeof workerData.cache === "string") module.enableCompileCache(workerData.cache);
await import("./write-side.ts");
module.flushCompileCache();
