/** A power cut: every process of a hospital, including NATS, is killed at the same moment while clients work; then all start again, at once, on the same data. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { clientsOf, type Journal, judge, type Judgement, newJournal } from "./hospital-clients.ts";

/** Result of the cuts. */
export interface CutReport {
  cuts: number;
  requests: number;
  confirmed: number;
  judgement: Judgement;
  wrong: string[];
  /** Longest time from the start of the processes until all serve, milliseconds. */
  longestStartMs: number;
}

const SERVICES = ["api", "transactions", "patients", "records", "lab"];
/** The cut happens within this time after the first confirmed create, milliseconds. */
const [SOONEST_MS, LATEST_MS] = [300, 2_000];
/** Time within which unfinished transactions are decided, milliseconds; recovery checks every few seconds. */
const DECIDED_MS = 30_000;

/** @param random numbers from 0 to 1, which determine the time of the cut @param tell receives a line for each cut */
export async function cutPower(
  { cuts, clients }: { cuts: number; clients: number },
  random: () => number,
  tell: (line: string) => void = () => {},
): Promise<CutReport> {
  const dataDir = mkdtempSync(join(tmpdir(), "openward-power-"));
  const report: CutReport = {
    cuts,
    requests: 0,
    confirmed: 0,
    judgement: { lost: [], doubled: [], half: [] },
    wrong: [],
    longestStartMs: 0,
  };
  let mesh: Mesh | undefined;
  try {
    mesh = await start(dataDir, report);
    for (let cut = 1; cut <= cuts; cut += 1) {
      const journal = await workUntilCut(mesh, clients, SOONEST_MS + random() * (LATEST_MS - SOONEST_MS));
      mesh = await start(dataDir, report);
      const found = await judgedWhenDecided(mesh, journal);
      for (const kind of ["lost", "doubled", "half"] as const) report.judgement[kind].push(...found[kind]);
      report.wrong.push(...journal.wrong);
      report.requests += journal.requests;
      report.confirmed += journal.created.size;
      tell(
        `cut ${cut}: ${journal.requests} requests, lost ${found.lost.length}, doubled ${found.doubled.length}, half there ${found.half.length}`,
      );
    }
    return report;
  } finally {
    await mesh?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function start(dataDir: string, report: CutReport): Promise<Mesh> {
  const begun = performance.now();
  const mesh = await startMesh({ services: SERVICES, dataDir, isAtOnce: true });
  report.longestStartMs = Math.max(report.longestStartMs, performance.now() - begun);
  return mesh;
}

/** @returns the answers to clients until all processes were gone */
async function workUntilCut(mesh: Mesh, count: number, afterMs: number): Promise<Journal> {
  const journal = newJournal();
  let isOver = false;
  const clients = clientsOf(mesh, { count, withBundles: true }, journal, () => isOver);
  while (journal.created.size === 0) await delay(5); // a cut before the first confirmation would show nothing
  await delay(afterMs);
  isOver = true;
  const pids = [...mesh.nodes.map(({ pid }) => pid), ...(mesh.nats ? [mesh.nats.pid] : [])];
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await Promise.all([...mesh.nodes.map(({ ended }) => ended), mesh.nats?.exited]);
  await Promise.all(clients);
  await mesh.stop();
  return journal;
}

async function judgedWhenDecided(mesh: Mesh, journal: Journal): Promise<Judgement> {
  const until = performance.now() + DECIDED_MS;
  for (;;) {
    const found = await judge(fhirAt(mesh.base), journal);
    if (found.half.length === 0 || performance.now() > until) return found;
    await delay(500); // a coordinator's recovery emits no event
  }
}
