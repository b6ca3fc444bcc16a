/**
 * A hospital whose disk fills up and is then enlarged: confirmed writes can be read all the time, refusals say why, and it recovers by itself. The disk is a
 * small one in memory, which only the machine's administrator can create.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../scripts/servers.mjs";
import { fhirAt } from "../kit/fhir-http.ts";
import { run } from "../kit/programs.ts";

/** Result of a run. */
export interface FullDiskReport {
  confirmed: number;
  /** Answers to writes by status, while the disk was full. */
  refused: Record<string, number>;
  /** What could not be read while the disk was full, and after the next start. */
  unread: string[];
  /** Time from the enlargement until a write was accepted, milliseconds. */
  healedMs: number;
}

/** Megabytes of the disk, before and after. */
const [SMALL, LARGE] = [40, 120];
/** Letters in a record: some hundred fill the disk. */
const LETTERS = 100_000;
/** Writes that are tried while the disk is full. */
const REFUSED = 30;
const HEALED_WITHIN_MS = 30_000;

/** @throws if no disk can be mounted @param tell receives a line for each step */
export async function fillDisk(tell: (line: string) => void): Promise<FullDiskReport> {
  const place = mkdtempSync(join(tmpdir(), "openward-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SMALL}m`, "tmpfs", place]);
  const env = { ACCESS: "open", DATA_DIR: place, LOG_LEVEL: "fatal", NATS_URL: "", REDIS_URL: "", MONGO_URL: "", SERVICES: "" };
  const port = await freePort();
  const start = async () => {
    const node = run(["serve"], { ...env, PORT: `${port}` });
    await node.says(/is ready/);
    return node;
  };
  let node = await start();
  try {
    const fhir = fhirAt(`http://127.0.0.1:${port}`);
    const confirmed: string[] = [];
    const write = async () => {
      const answer = await fhir.send("POST", "/Patient", { resourceType: "Patient", name: [{ text: "x".repeat(LETTERS) }] });
      if (answer.status === 201) confirmed.push(answer.body.id);
      return answer;
    };
    const unread = async () => {
      const statuses = await Promise.all(confirmed.map(async (id) => [id, (await fhir.get(`/Patient/${id}`)).status] as const));
      return statuses.flatMap(([id, status]) => (status === 200 ? [] : [`Patient/${id}: ${status}`]));
    };
    while ((await write()).status === 201);
    tell(`full after ${confirmed.length} records of ${LETTERS} letters`);
    const refused: Record<string, number> = {};
    for (let count = 0; count < REFUSED; count += 1) {
      const { status, body } = await write();
      const name = `${status} ${body.issue?.[0]?.code ?? ""}`;
      refused[name] = (refused[name] ?? 0) + 1;
    }
    const missing = await unread();
    tell(`${JSON.stringify(refused)}; ${missing.length} of ${confirmed.length} cannot be read`);
    execFileSync("mount", ["-o", `remount,size=${LARGE}m`, place]);
    const begun = performance.now();
    while ((await write()).status !== 201) {
      if (performance.now() - begun > HEALED_WITHIN_MS) throw new Error("It does not heal, though there is room.");
      await delay(50);
    }
    const healedMs = performance.now() - begun;
    tell(`takes writes again after ${Math.round(healedMs)} ms`);
    node.child.kill("SIGKILL");
    await node.ended;
    node = await start();
    missing.push(...(await unread()));
    return { confirmed: confirmed.length, refused, unread: missing, healedMs };
  } finally {
    node.child.kill("SIGKILL");
    await node.ended;
    execFileSync("umount", [place]);
    rmSync(place, { recursive: true, force: true });
  }
}
