/**
 * How fast is the system? `npm run bench -- load one|cluster [seconds]`: starts it on a fresh folder and runs bench/harness.mjs in the order that
 * README.md requires: import until two runs agree, then crud and search likewise; the median of the last three counts.
 */
import { type Load, load, median, start, type Way } from "./kit.ts";

/** HAPI FHIR with PostgreSQL on a similar machine: resources or requests per second (README.md). */
const HAPI = { import: 1_655, crud: 950, search: 196 };
const AGREE = 0.05;
const MAX_RUNS = 8;

const [way = "one", seconds = "20"] = process.argv.slice(2);
const system = await start(way as Way);
try {
  const { rss, pss, processes } = system.memory();
  console.log(
    `${new Date().toISOString().slice(0, 16)} ${way}: ready after ${system.readyAfter.toFixed(1)} s, ${memory(rss, pss, processes)}`,
  );
  for (const what of ["import", "crud", "search"] as const) await measure(what);
  const after = system.memory();
  console.log(`after all three: ${memory(after.rss, after.pss, after.processes)}`);
} finally {
  await system.stop();
}

async function measure(what: keyof typeof HAPI): Promise<void> {
  const rate = (run: Load): number => (what === "import" ? run.resources_per_s : run.requests_per_s);
  const runs: Load[] = [];
  const isSteady = () => {
    const [a, b] = runs.slice(-2).map(rate);
    return runs.length >= 3 && a !== undefined && b !== undefined && Math.abs(a - b) <= AGREE * Math.max(a, b);
  };
  while (!isSteady() && runs.length < MAX_RUNS) runs.push(await load(system.base, what, Number(seconds)));
  const last = runs.slice(-3);
  const of = (pick: (run: Load) => number): number => median(last.map(pick));
  const wrong = runs.find((run) => run.errors > 0);
  console.log(
    `${what}: ${Math.round(of(rate))} ${what === "import" ? "resources" : "requests"}/s (${(of(rate) / HAPI[what]).toFixed(1)} x HAPI), ` +
      `p50 ${of((run) => run.p50_ms)} ms, p99 ${of((run) => run.p99_ms)} ms; machine_mb_s ${last.map((run) => run.machine_mb_s).join(", ")}; ` +
      `${runs.length} runs: ${runs.map((run) => Math.round(rate(run))).join(", ")}${wrong ? `; WRONG: ${wrong.first_error}` : ""}`,
  );
  if (wrong) process.exitCode = 1;
}

function memory(rss: number, pss: number, processes: number): string {
  return processes === 1
    ? `${rss} MB resident`
    : `${rss} MB resident in ${processes} processes, ${pss} MB with what they share counted once`;
}
