/**
 * One load for every FHIR R4 server: the same requests, the same data, and every answer is checked. bench/README.md says how to use it.
 *
 *   node bench/harness.mjs --base http://127.0.0.1:3000/fhir --what crud|import|search
 *        [--seconds 20] [--connections 16] [--header 'Authorization: Bearer …']… [--timeout 120]
 *
 * Node 24, no package. The last line of the output is one JSON object: rates, latencies in milliseconds, errors, and the share of a core
 * that this client itself took (client_cpu), since it may share the machine with the server. A wrong status, version or number of
 * matches is an error; the exit code is 1 when there was any.
 */
import { agent, connections, operations, options, tally } from "./harness/client.mjs";
import { crud } from "./harness/crud.mjs";
import { readBundles } from "./harness/data.mjs";
import { importBundles } from "./harness/import.mjs";
import { search } from "./harness/search.mjs";

const WORKLOADS = { crud, import: importBundles, search };

const tenths = (number) => Math.round(number * 10) / 10;

function summary(latencies, errors, seconds) {
  const sorted = Float64Array.from(latencies).sort();
  const percentile = (share) => tenths(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return {
    requests: sorted.length,
    requests_per_s: tenths(sorted.length / seconds),
    p50_ms: percentile(0.5),
    p95_ms: percentile(0.95),
    p99_ms: percentile(0.99),
    errors,
  };
}

/** How fast this machine is right now, to compare runs of different days: megabytes of Synthea JSON parsed and written per second. */
function machineMbPerSecond() {
  const texts = readBundles().slice(0, 8);
  const begin = performance.now();
  let bytes = 0;
  while (performance.now() - begin < 700) {
    for (const text of texts) {
      bytes += text.length;
      JSON.stringify(JSON.parse(text));
    }
  }
  return Math.round(bytes / 1e3 / (performance.now() - begin));
}

const machine_mb_s = machineMbPerSecond();
const deadline = { at: Infinity, passed: () => performance.now() >= deadline.at };
const { start, result } = await WORKLOADS[options.what](deadline);
const cpuBefore = process.cpuUsage();
const begin = performance.now();
deadline.at = begin + Number(options.seconds) * 1000;
await start();
const seconds = (performance.now() - begin) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
agent.destroy();

const all = [...operations.values()];
const errors = all.reduce((sum, it) => sum + it.errors, 0);
const { requests_per_s, ...rest } = summary(
  all.flatMap((it) => it.latencies),
  errors,
  seconds,
);
console.log(
  JSON.stringify({
    what: options.what,
    base: options.base,
    at: new Date().toISOString(),
    connections,
    seconds: tenths(seconds),
    machine_mb_s,
    requests_per_s,
    resources_per_s: tenths(tally.resources / seconds), // import: stored; crud: created and updated; search: returned
    ...(result?.bundles !== undefined && { bundles: result.bundles, bundles_per_s: Math.round((result.bundles / seconds) * 100) / 100 }),
    ...(result?.patients && { patients: result.patients }),
    ...rest,
    client_cpu: Math.round((user + system) / 1e4 / seconds) / 100,
    ...(tally.firstError && { first_error: tally.firstError }),
    operations: Object.fromEntries([...operations].map(([name, it]) => [name, summary(it.latencies, it.errors, seconds)])),
  }),
);
process.exitCode = errors ? 1 : 0;
