/**
 * How fast is the SQLite store? `npm run bench -- store [stored …]` (default 5000 200000): figures at each number of stored resources. Resources like
 * Synthea's observations: 1.2 kB of JSON, twelve search values.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IndexRows, StoreQuery } from "../fhir/search/query.ts";
import { openSqlite } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import type { Write } from "../store/writes.ts";

const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(5_000, 200_000);

const BUNDLE = 100;
const filler = `"note":"${"x".repeat(1_020)}"}`;
const day = 86_400_000; // milliseconds
let patient = randomUUID();
let serial = 0;

function observation(id: string): Write & { op: "create" } {
  serial += 1;
  const time = Date.UTC(1990, 0, 1) + Math.floor(Math.random() * 12_000) * day;
  const code = `${serial % 60}\u001fhttp://loinc.org`;
  const value = Math.random() * 200;
  const index: IndexRows = {
    keys: [
      [101, "=final\u001fhttp://hl7.org/fhir/observation-status"],
      [102, "=laboratory\u001fhttp://terminology.hl7.org/CodeSystem/observation-category"],
      [103, `=${code}`],
      [103, `~some measurement ${serial % 60}`],
      [104, `=Patient/${patient}`],
      [105, `=Encounter/${patient.slice(0, 35)}${serial % 8}`],
      [106, `=Practitioner/${serial % 40}`],
      [107, `=${id}\u001furn:ids`],
      [108, "=http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab"],
    ],
    ranges: [
      [110, time, time + 999, ""],
      [111, time + 1_000, time + 1_000, ""],
      [112, value, value, "mg/dL\u001fhttp://unitsofmeasure.org"],
    ],
  };
  const body = { meta: "", rest: `,"status":"final","effectiveDateTime":"${new Date(time).toISOString()}",${filler}` };
  return { op: "create", type: "Observation", id, body, index };
}

async function fill(store: Store, count: number, kept: string[], patients: string[]): Promise<void> {
  for (let done = 0; done < count; done += BUNDLE) {
    patient = randomUUID();
    patients.push(patient);
    const ids = Array.from({ length: BUNDLE }, () => randomUUID());
    await store.write(ids.map(observation));
    kept.push(...ids);
  }
}

/** Calls of `work` per second, for about a second, `parallel` at once. */
async function rate(work: (i: number) => Promise<unknown>, parallel: number, ms = 1_000): Promise<number> {
  const start = performance.now();
  let calls = 0;
  const one = async (): Promise<void> => {
    while (performance.now() - start < ms) {
      calls += 1;
      await work(calls - 1);
    }
  };
  await Promise.all(Array.from({ length: parallel }, one));
  return Math.round(calls / ((performance.now() - start) / 1_000));
}

const pick = <T>(list: T[], i: number): T => list[(i * 7_919) % list.length] as T;
const search = (rest: Partial<StoreQuery>): StoreQuery => ({
  type: "Observation",
  clauses: [],
  sort: [],
  limit: 20,
  want: "rows",
  ...rest,
});

const folder = await mkdtemp(join(tmpdir(), "openward-bench-"));
const store = await openSqlite({
  name: "bench",
  file: join(folder, "bench.sqlite"),
  indexVersion: "1",
  reindex: () => ({ keys: [], ranges: [] }),
});
const ids: string[] = [];
const patients: string[] = [];
try {
  for (const size of sizes) {
    await fill(store, size - ids.length, ids, patients);
    const before = ids.length;
    const start = performance.now();
    await fill(store, 5_000, ids, patients);
    const batched = Math.round((ids.length - before) / ((performance.now() - start) / 1_000));
    const single = await rate(() => store.write([observation(randomUUID())]), 16);
    const reads = await rate((i) => store.read("Observation", pick(ids, i)), 16);
    const code = (i: number) => ({ kind: "key" as const, slots: [103], any: [{ eq: `=${i % 60}\u001fhttp://loinc.org` }] });
    const two = await rate(
      (i) => store.search(search({ clauses: [{ kind: "key", slots: [104], any: [{ eq: `=Patient/${pick(patients, i)}` }] }, code(i)] })),
      16,
    );
    const since = { kind: "range" as const, slots: [110], any: [{ highGe: Date.UTC(2005, 0, 1) }] };
    const dense = await rate((i) => store.search(search({ clauses: [code(i), since] })), 16);
    const newest = await rate(
      (i) => store.search(search({ clauses: [code(i)], sort: [{ by: "range", slots: [110], edge: "high", desc: true }] })),
      16,
    );
    console.log(
      `${size} stored: ${batched} resources/s in batches of ${BUNDLE}; ${single} single writes/s (16 at once); ${reads} reads/s; ` +
        `searches/s: ${two} by patient and code, ${dense} by code and date (many), ${newest} by code, newest first; ${Math.round(process.memoryUsage.rss() / 1e6)} MB resident`,
    );
  }
} finally {
  await store.close();
  await rm(folder, { recursive: true });
}
