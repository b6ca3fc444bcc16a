/** For measurements: a server on a fresh folder, requests to it, and its resource usage. Memory and CPU time are read from Linux's /proc. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import packageJson from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..");
/** The load, which is the same for every FHIR server. */
const HARNESS = join(import.meta.dirname, "harness.mjs");

/** How the system is started: `npm start` or `npm run cluster`. */
export type Way = "one" | "cluster";

export interface Running {
  /** FHIR base URL. */
  base: string;
  dataDir: string;
  /** Seconds from the start of the process until it was ready. */
  readyAfter: number;
  /** Megabytes of all its processes: `rss` counts shared memory in each, `pss` once. */
  memory(): { rss: number; pss: number; processes: number };
  /** CPU time that all its processes have used, milliseconds. */
  cpu(): number;
  stop(): Promise<void>;
}

/** @param more further settings; default: open access */
export async function start(way: Way, more: Record<string, string> = {}): Promise<Running> {
  const dataDir = mkdtempSync(join(tmpdir(), "openward-bench-"));
  const port = await freePort();
  const [, ...args] = packageJson.scripts[way === "one" ? "start" : "cluster"].split(" ");
  const begin = performance.now();
  const env = { ...process.env, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: "warn", ACCESS: "open", ...more };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
  const base = `http://127.0.0.1:${port}/fhir`;
  await untilReady(child, `http://127.0.0.1:${port}/health/ready`);
  const readyAfter = (performance.now() - begin) / 1_000;
  if (way === "cluster") await untilWhole(child);
  return {
    base,
    dataDir,
    readyAfter,
    memory: () => memoryOf(familyOf(child.pid as number)),
    cpu: () => cpuOf(familyOf(child.pid as number)),
    stop: async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error("The server ended before it was ready.");
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await delay(20);
  }
}

/** The gateway may be ready before the last service: waits for the supervisor's message that all are. */
async function untilWhole({ stdout }: ChildProcess): Promise<void> {
  for await (const chunk of stdout as NodeJS.ReadableStream) if (String(chunk).includes("ready at")) break;
}

/** A process with all its descendants: `npm start` has the server as a child. */
function familyOf(pid: number): number[] {
  const parents = new Map(
    readdirSync("/proc")
      .map(Number)
      .filter(Number.isInteger)
      .map((one) => [one, parentOf(one)]),
  );
  const family = [pid];
  for (const parent of family) for (const [one, its] of parents) if (its === parent) family.push(one);
  return family;
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined; // the process has ended
  }
}

/** User and system time, fields 14 and 15 of /proc/PID/stat, in hundredths of a second. */
function cpuOf(pids: number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * 10;
  }, 0);
}

function memoryOf(pids: number[]): ReturnType<Running["memory"]> {
  const sum = { rss: 0, pss: 0, processes: pids.length };
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1_000;
    sum.rss += megabytes("Rss");
    sum.pss += megabytes("Pss");
  }
  return { ...sum, rss: Math.round(sum.rss), pss: Math.round(sum.pss) };
}

/** The harness's last line of output. */
export interface Load {
  machine_mb_s: number;
  requests_per_s: number;
  resources_per_s: number;
  p50_ms: number;
  p99_ms: number;
  errors: number;
  first_error?: string;
}

export function load(
  base: string,
  what: "import" | "crud" | "search",
  seconds: number,
  headers: Record<string, string> = {},
): Promise<Load> {
  const connections = what === "import" ? 4 : 16;
  const args = [HARNESS, "--base", base, "--what", what, "--seconds", String(seconds), "--connections", String(connections)];
  for (const [name, value] of Object.entries(headers)) args.push("--header", `${name}: ${value}`);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: 64_000_000 }, (error, stdout) => {
      const last = stdout.trim().split("\n").at(-1);
      if (last) resolve(JSON.parse(last));
      else reject(error ?? new Error("The harness said nothing."));
    });
  });
}

export const median = (values: number[]): number => percentile(values, 0.5);

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** One connection with one request at a time; or several, like a browser. */
export class Client {
  readonly #agent: http.Agent;
  readonly #base: URL;

  constructor(base: string, connections = 1) {
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    this.#base = new URL(base);
  }

  /** @param path relative to the base, or an absolute link; the answer's body as text. @throws when the status is not 2xx */
  async send(path: string, method = "GET", body?: string): Promise<string> {
    const target = path.startsWith("http") ? new URL(path).pathname + new URL(path).search : this.#base.pathname + path;
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "Content-Type": "application/fhir+json", "Content-Length": Buffer.byteLength(body) };
      const request = http.request({ agent: this.#agent, host: this.#base.hostname, port: this.#base.port, path: target, method, headers });
      request.on("error", reject);
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if ((response.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`${method} ${target}: ${response.statusCode} ${text.slice(0, 300)}`));
        });
      });
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
