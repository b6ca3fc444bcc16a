/**
 * Starts a script of this folder: `node scripts/run.mjs serve …`. Node keeps the scripts' types stripped and compiled from
 * run to run: a later start takes 0.2 s and 20 MB less. Plain JavaScript, or it would need the stripping itself.
 */
import module from "node:module";
import { fileURLToPath } from "node:url";

module.enableCompileCache?.(fileURLToPath(new URL("../node_modules/.cache/node", import.meta.url)));
// Who reads what it says may go away (a closed terminal, `| head`); a hospital's mesh does not end for that.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") throw error;
  });
}
// An import from "node:http" reads all members of that module. Three of them, which nobody uses, load Node's fetch client: 60 ms of each start, and 1 MB.
const http = /** @type {Record<string, unknown> | undefined} */ (process.getBuiltinModule?.("node:http"));
if (http) for (const name of ["WebSocket", "CloseEvent", "MessageEvent"]) delete http[name];
const [script] = process.argv.splice(2, 1);
await import(new URL(`./${script}.ts`, import.meta.url).href);
module.flushCompileCache?.(); // a long-lived process must not keep it to itself until it ends
