/** Where threads find their modules compiled. */
import { join } from "node:path";

/**
 * Environment variables of a thread: Node keeps the modules that it loads compiled in the project's folder, as it does for scripts (`scripts/run.mjs`).
 * Otherwise each thread strips their types by WebAssembly, which takes 0.2 s of processor time, and in which V8 may crash when threads end.
 */
export const COMPILED_MODULES = { NODE_COMPILE_CACHE: join(import.meta.dirname, "../node_modules/.cache/node") };
