/**
 * How long does a large transaction take, and how long do others wait meanwhile? `npm run bench -- bundles one|cluster [sqlite|mongo] [sizes]` (default
 * one sqlite 1000,4000,10000): transactions of these numbers of entries for three services, while eight other clients read, search, change and create,
 * with pauses of 20 ms. MongoDB is the server in MONGO_URL, else the tests' stand-in. A line of JSON for each size; the exit code is 1 if something was
 * refused.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startMongo } from "../scripts/servers.mjs";
import { Client, percentile, start, type Way } from "./kit.ts";

const [way = "one", store = "sqlite", sizes = "1000,4000,10000"] = process.argv.slice(2);
const OTHERS = 8;
const PAUSE_MS = 20;
/** Time for measuring the others alone. */
const ALONE_MS = 5_000;

const mongoDir = mkdtempSync(join(tmpdir(), "openward-bench-mongo-"));
const mongo = store === "mongo" && !process.env["MONGO_URL"] ? await startMongo({ dir: mongoDir }) : undefined;
const running = await start(way as Way, mongo ? { MONGO_URL: mongo.url } : {});
const faults: string[] = [];
let waits: number[] = [];
let isOver = false;
try {
  const others = await Promise.all(Array.from({ length: OTHERS }, (_, index) => atWork(index)));
  waits = [];
  await delay(ALONE_MS);
  const alone = taken();
  const client = new Client(running.base);
  for (const size of sizes.split(",").map(Number)) {
    const body = JSON.stringify(transactionOf(size));
    taken();
    const began = performance.now();
    await client.send("", "POST", body).catch((error: Error) => faults.push(error.message));
    const seconds = (performance.now() - began) / 1_000;
    const { count, p50, p99, longest } = taken();
    const line = {
      ...{ way, store, entries: size, megabytes: rounded(body.length / 1e6), seconds: rounded(seconds) },
      ...{ others_requests: count, others_p50_ms: p50, others_p99_ms: p99, others_longest_ms: longest },
      ...{ alone_p50_ms: alone.p50, alone_p99_ms: alone.p99, memory_mb: running.memory().pss, faults: faults.length },
      ...(faults[0] !== undefined && { first_fault: faults[0].slice(0, 300) }),
    };
    console.log(JSON.stringify(line));
    await delay(2_000);
  }
  isOver = true;
  await Promise.all(others.map(({ ended }) => ended));
  if (faults.length > 0) process.exitCode = 1;
} finally {
  isOver = true;
  await running.stop();
  await mongo?.stop();
  rmSync(mongoDir, { recursive: true, force: true });
}

/** Waiting times of the others since the last call. */
function taken() {
  const of = waits;
  waits = [];
  return { count: of.length, p50: rounded(percentile(of, 0.5)), p99: rounded(percentile(of, 0.99)), longest: rounded(Math.max(0, ...of)) };
}

/** Another client with a patient of its own, in a loop. */
async function atWork(index: number): Promise<{ ended: Promise<void> }> {
  const client = new Client(running.base);
  const patient = { resourceType: "Patient", name: [{ family: `Other${index}` }] };
  const { id } = JSON.parse(await client.send("/Patient", "POST", JSON.stringify(patient))) as { id: string };
  const asks = [
    () => client.send(`/Patient/${id}`),
    () => client.send(`/Patient?name=Other${index}`),
    () => client.send(`/Patient/${id}`, "PUT", JSON.stringify({ ...patient, id, active: true })),
    () => client.send("/Condition", "POST", JSON.stringify(condition(`Patient/${id}`))),
    () => client.send(`/Condition?subject=Patient/${id}&_count=10`),
  ];
  const loop = async () => {
    for (let n = index; !isOver; n += 1) {
      const began = performance.now();
      await asks[n % asks.length]?.().catch((error: Error) => faults.push(error.message));
      waits.push(performance.now() - began);
      await delay(PAUSE_MS);
    }
    client.close();
  };
  return { ended: loop() };
}

function condition(subject: string) {
  return {
    resourceType: "Condition",
    subject: { reference: subject },
    code: { coding: [{ system: "http://snomed.info/sct", code: "386661006" }] },
  };
}

/** One patient for every ten entries, with further resources of three services. */
function transactionOf(size: number) {
  const entry = [];
  let patient = "";
  for (let n = 0; n < size; n += 1) {
    const fullUrl = `urn:uuid:${randomUUID()}`;
    if (n % 10 === 0) patient = fullUrl;
    const resource = n % 10 === 0 ? person(n) : n % 2 === 0 ? condition(patient) : result(patient, n);
    entry.push({ fullUrl, resource, request: { method: "POST", url: resource.resourceType } });
  }
  return { resourceType: "Bundle", type: "transaction", entry };
}

function person(n: number) {
  const name = [{ family: `Bundle${n}`, given: ["Ada", "Maria"] }];
  return {
    resourceType: "Patient",
    name,
    gender: "female",
    birthDate: "1961-04-12",
    identifier: [{ system: "urn:bench", value: randomUUID() }],
  };
}

function result(subject: string, n: number) {
  return {
    resourceType: "Observation",
    status: "final",
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }],
    code: { coding: [{ system: "http://loinc.org", code: "718-7" }] },
    subject: { reference: subject },
    effectiveDateTime: "2026-11-28T10:00:00Z",
    valueQuantity: { value: 10 + (n % 50) / 10, unit: "g/dL", system: "http://unitsofmeasure.org", code: "g/dL" },
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
