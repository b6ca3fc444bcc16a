/**
 * The cost of sign-in and of the audit log: the load of `harness.mjs` on two servers, one with open and one with closed access, in turns.
 *
 *   npm run bench -- access [seconds] [rounds]
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { load, median, type Running, start } from "./kit.ts";

const [seconds = "8", rounds = "5"] = process.argv.slice(2);
const [open, closed] = [await start("one"), await start("one", { ACCESS: "closed" })];
const origin = closed.base.replace(/\/fhir$/, "");
const env = { ...process.env, DATA_DIR: closed.dataDir, PORT: new URL(origin).port };
const program = join(import.meta.dirname, "../scripts/run.mjs");
const { stdout: token } = await promisify(execFile)(process.execPath, [program, "token", "--try", "system"], { env });
const headers = { Authorization: `Bearer ${token.trim()}` };
try {
  await Promise.all([load(open.base, "import", 3), load(closed.base, "import", 3, headers)]);
  for (const what of ["crud", "search"] as const) {
    const ratios: number[] = [];
    const cpu: number[] = [];
    // Warm-up: both have compiled their code before they are compared.
    await timed(open, what);
    await timed(closed, what, headers);
    for (let round = 0; round < Number(rounds); round += 1) {
      const [without, within] = [await timed(open, what), await timed(closed, what, headers)];
      for (const run of [without, within]) if (run.errors > 0) throw new Error(run.first_error);
      ratios.push(within.requests_per_s / without.requests_per_s);
      cpu.push(within.ms / without.ms);
    }
    console.log(`${what}: closed is ${median(ratios).toFixed(2)} of open (${ratios.map((it) => it.toFixed(2)).join(", ")})`);
    console.log(`  CPU time of a request: ${median(cpu).toFixed(2)} of open (${cpu.map((it) => it.toFixed(2)).join(", ")})`);
  }
} finally {
  await Promise.all([open.stop(), closed.stop()]);
}

/** One run, with the CPU time per request, which is steadier than a rate on a shared machine. */
async function timed(server: Running, what: "crud" | "search", more = {}) {
  const before = server.cpu();
  const run = await load(server.base, what, Number(seconds), more);
  return { ...run, ms: (server.cpu() - before) / (run.requests_per_s * Number(seconds)) };
}
