/** Two gateways behind one address: what clients notice when one is killed, replaced or scaled away. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Program, run } from "../test/kit/programs.ts";
import { type ClusterState, readState } from "./cluster/cluster-state.ts";
import { selfSignedPair } from "./start/self-signed.ts";
import { runningMs } from "../test/kit/running-time.ts";

const ROOT = join(import.meta.dirname, "..");
const LAB = `export default { name: "lab", actions: { wait: { rest: "GET", params: { $$strict: true },
  async handler() { await new Promise((resolve) => setTimeout(resolve, 5)); return "done"; } } } };`;

const dir = mkdtempSync(join(tmpdir(), "openward-gateways-"));
const dataDir = join(dir, "data");
const pair = selfSignedPair(dir, ["127.0.0.1"]);
const ENV = { DATA_DIR: dataDir, NATS_URL: "", LOG_LEVEL: "error", OPENWARD_SERVICES_DIR: join(dir, "services") };

const state = () => readState(dataDir) as ClusterState;
const gateways = () => state().children.filter(({ service, state }) => service === "api" && state === "ready");

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(20);
}

interface Seen {
  began: number;
  ended: number;
  /** Milliseconds in which this process ran. */
  tookMs: number;
  /** undefined: answered with 200. */
  fault?: string;
}

/** Asks again and again, half of the clients with a connection that they keep, half with a new one each time. */
function load(url: string, clients = 12): { seen: Seen[]; stop(): Promise<void> } {
  const seen: Seen[] = [];
  let isRunning = true;
  const { request, Agent } = url.startsWith("https:") ? https : http;
  const one = (agent: http.Agent) =>
    new Promise<string | undefined>((resolve) => {
      const asked = request(`${url}/api/lab/wait`, { agent, rejectUnauthorized: false, timeout: 20_000 }, (answer) => {
        answer.resume();
        answer.once("error", (error) => resolve(error.message));
        answer.once("end", () => resolve(answer.statusCode === 200 ? undefined : `${answer.statusCode}`));
      });
      asked.once("timeout", () => asked.destroy(new Error("no answer")));
      asked.once("error", (error) => resolve(error.message));
      asked.end();
    });
  const running = Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const agent = new Agent({ keepAlive: index % 2 === 0, maxSockets: 1 });
      while (isRunning) {
        const [began, ranBefore] = [performance.now(), runningMs()];
        const fault = await one(agent as http.Agent);
        seen.push({ began, ended: performance.now(), tookMs: runningMs() - ranBefore, ...(fault !== undefined && { fault }) });
      }
      agent.destroy();
    }),
  );
  return {
    seen,
    async stop() {
      isRunning = false;
      await running;
    },
  };
}

async function tell(...args: string[]): Promise<void> {
  const program = run(["cluster", ...args], { ...ENV, PORT: "0" });
  if ((await program.ended) !== 0) throw new Error(program.output());
}

beforeAll(() => {
  mkdirSync(join(dir, "services/lab"), { recursive: true });
  writeFileSync(join(dir, "services/lab/lab.service.ts"), LAB);
  mkdirSync(join(dir, "services/api"));
  const file = join(ROOT, "services/api/api.service.ts");
  writeFileSync(join(dir, "services/api/api.service.ts"), `export { default } from ${JSON.stringify(file)};`);
  copyFileSync(join(ROOT, "services/api/api.contract.ts"), join(dir, "services/api/api.contract.ts"));
});

afterAll(() => rmSync(dir, { recursive: true }));

describe.each([
  ["http", 4, {}],
  ["https", 2, { TLS_CERT: pair.tlsCert, TLS_KEY: pair.tlsKey }],
])("the address of two gateways, %s", (scheme, times, tls) => {
  let mesh: Program;
  beforeAll(async () => {
    mesh = run(["cluster", "--replicas", "api=2"], { ...ENV, ...tls, PORT: "0" });
    await mesh.says(/The mesh is ready/);
  });
  afterAll(async () => {
    mesh.child.kill("SIGTERM");
    expect(await mesh.ended).toBe(0);
  });
  const url = () => state().url as string;

  it("survives repeated kill -9 of one gateway: nobody waits longer than 2 s, and only its own requests are reset", async () => {
    expect(url()).toMatch(new RegExp(`^${scheme}:`));
    const { seen, stop } = load(url());
    const kills: number[] = [];
    for (let kill = 0; kill < times; kill += 1) {
      await until(() => gateways().length === 2);
      await pause(300);
      kills.push(performance.now());
      process.kill(gateways()[kill % 2]?.pid as number, "SIGKILL");
      await until(() => gateways().length < 2);
    }
    await until(() => gateways().length === 2);
    await stop();
    expect(seen.length).toBeGreaterThan(100);
    expect(Math.max(...seen.map(({ tookMs }) => tookMs))).toBeLessThan(2_000);
    // A client that keeps its connection may send before it has heard of the end.
    const isBegun = ({ began, ended }: Seen) => kills.some((at) => began < at + 100 && ended > at);
    expect(seen.filter((one) => one.fault !== undefined && !isBegun(one))).toEqual([]);
    expect(seen.filter(({ fault }) => fault !== undefined).length).toBeLessThanOrEqual(times * 12);
  });

  it("stays the same through a rolling restart", async () => {
    const before = gateways().map(({ pid }) => pid);
    const { seen, stop } = load(url());
    await tell("restart", "api");
    await stop();
    expect(gateways().filter(({ pid }) => before.includes(pid))).toEqual([]);
    expect(seen.length).toBeGreaterThan(100);
    expect(seen.filter(({ fault }) => fault !== undefined)).toEqual([]);
  });

  it("keeps new connections while no gateway is ready, until one is", async () => {
    for (const { pid } of gateways()) process.kill(pid, "SIGKILL");
    const { seen, stop } = load(url(), 2);
    await until(() => seen.some(({ fault }) => fault === undefined));
    await stop();
    expect(seen.filter(({ began, fault }) => fault !== undefined && began > (seen[0]?.began ?? 0) + 100)).toEqual([]);
    await until(() => gateways().length === 2);
  });

  it("is the same after a time without any gateway", async () => {
    const known = url();
    await tell("scale", "api", "0");
    await expect(fetch(`${known}/health/live`)).rejects.toThrow();
    await tell("scale", "api", "2");
    expect(url()).toBe(known);
    const { seen, stop } = load(known, 2);
    await until(() => seen.length > 10);
    await stop();
    expect(seen.filter(({ fault }) => fault !== undefined)).toEqual([]);
  });
});

it("a port in use by another program is reported in one sentence", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as AddressInfo;
  const mesh = run(["cluster"], { ...ENV, PORT: `${port}` });
  expect(await mesh.ended).toBe(1);
  expect(mesh.output()).toBe(`Port ${port} of 127.0.0.1 is used by another program: stop it, or choose another PORT.\n`);
  other.close();
});
