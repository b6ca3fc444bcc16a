/** `npm run cluster` as an operator sees it, with two small services. */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { nonNull } from "../fhir/non-null.ts";
import { type Program, run } from "../test/kit/programs.ts";
import { type ClusterState, isAlive, readState } from "./cluster/cluster-state.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-cluster-"));
const dataDir = join(dir, "data");
const env = { DATA_DIR: dataDir, PORT: "0", NATS_URL: "", LOG_LEVEL: "error", OPENWARD_SERVICES_DIR: join(dir, "services") };

/** A gateway of six lines, so that the test sees the mesh from outside. */
const API = `
import http from "node:http";
export default ({ port, host }) => ({
  name: "api",
  async started() {
    this.http = http.createServer((request, response) => {
      this.broker.call("lab.who", {}).then((who) => response.end(JSON.stringify({ api: process.pid, lab: who })), (error) => { response.statusCode = 500; response.end(error.message); });
    });
    await new Promise((resolve, reject) => this.http.once("error", reject).listen({ port, host }, resolve));
  },
  stopped() { return new Promise((resolve) => { this.http.close(resolve); this.http.closeIdleConnections(); }); },
});`;
const LAB = `export default { name: "lab", actions: { who: { retryPolicy: { enabled: true }, handler: () => process.pid } } };`;
const BROKEN = `export default { name: "broken", started() { throw new Error("no microscope"); } };`;

function write(name: string, text: string): void {
  mkdirSync(join(dir, "services", name), { recursive: true });
  writeFileSync(join(dir, "services", name, `${name}.service.ts`), text);
}

let mesh: Program;
const state = () => readState(dataDir) as ClusterState;
const pidsOf = (service: string) =>
  state()
    .children.filter((child) => child.service === service && child.state === "ready")
    .map((child) => child.pid);
const ask = async (timeoutMs = 30_000) => {
  const answer = await fetch(state().url ?? "", { headers: { Connection: "close" }, signal: AbortSignal.timeout(timeoutMs) });
  return (await answer.json()) as { api: number; lab: number };
};

/** The state is a file that another process writes: there is no event to wait for. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(20);
}

/** Somebody else on the port, as soon as nobody is there. */
async function guestAt(port: number): Promise<{ stop(): Promise<void> }> {
  for (;;) {
    const server = createServer((socket) => socket.destroy());
    const isThere = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (isThere) return { stop: () => new Promise((resolve) => server.close(() => resolve())) };
    const { pid } = state().nats;
    if (pid) endIfThere(pid); // it was back sooner
  }
}

/** Between a look at a process and the signal to it, it may end by itself. */
function endIfThere(pid: number): void {
  try {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function tell(...args: (string | Record<string, string>)[]): Promise<string> {
  const own = args.filter((arg) => typeof arg !== "string");
  const program = run(["cluster", ...args.filter((arg) => typeof arg === "string")], Object.assign({}, env, ...own));
  const code = await program.ended;
  if (code !== 0) throw new Error(program.output());
  return program.output();
}

beforeAll(async () => {
  write("api", API);
  write("lab", LAB);
  mesh = run(["cluster", "--replicas", "lab=2,api=2"], env);
  await mesh.says(/The mesh is ready/);
});

afterAll(async () => {
  mesh.child.kill("SIGTERM");
  await mesh.ended;
  rmSync(dir, { recursive: true });
});

describe("a cluster", () => {
  it("runs each service in processes of its own, gateways on one port, and shares the load", async () => {
    const seen = await Promise.all(Array.from({ length: 16 }, ask));
    expect(new Set(seen.map(({ api }) => api))).toEqual(new Set(pidsOf("api")));
    expect(new Set(seen.map(({ lab }) => lab))).toEqual(new Set(pidsOf("lab")));
    expect(new Set(state().children.map(({ service, port }) => `${service} ${port !== undefined}`))).toEqual(
      new Set(["api true", "lab false"]),
    );
  });

  it("reports what runs, in a file that others cannot read", async () => {
    expect(await tell("status")).toMatch(/lab\s+lab-2-\w+\s+\d+\s+-\s+ready\s+0/);
    expect(readFileSync(join(dataDir, "cluster.json"), "utf8")).toContain('"nats"');
  });

  it("replaces a dead process without a failed request", async () => {
    const [victim] = pidsOf("lab");
    process.kill(nonNull(victim), "SIGKILL");
    await until(() => pidsOf("lab").length === 2 && !pidsOf("lab").includes(nonNull(victim)));
    expect(
      state()
        .children.map((child) => child.restarts)
        .sort(),
    ).toEqual([0, 0, 0, 1]);
    await ask();
  });

  it("ends a gateway that hangs, so that waiting clients get another", async () => {
    const [victim] = pidsOf("api");
    process.kill(nonNull(victim), "SIGSTOP");
    const waiting = Array.from({ length: 4 }, () => ask());
    await until(() => pidsOf("api").length === 2 && !pidsOf("api").includes(nonNull(victim)));
    // What it had taken is lost with it, what it had only been handed is answered.
    expect((await Promise.allSettled(waiting)).filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(3);
    await mesh.says(/died: killed by SIGKILL, having been stopped for 1.5 s/);
    expect(new Set((await Promise.all(Array.from({ length: 8 }, () => ask()))).map(({ api }) => api)).size).toBe(2);
  });

  it.each(["lab", "api"])("restarts %s under load without one failed request", async (service) => {
    const before = pidsOf(service);
    let running = true;
    let answered = 0;
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (running) {
          await ask();
          answered += 1;
        }
      }),
    );
    await tell("restart", service);
    running = false;
    await load;
    expect(answered).toBeGreaterThan(20);
    expect(pidsOf(service).filter((pid) => before.includes(pid))).toEqual([]);
  });

  it("has as many processes of a service as configured", async () => {
    await tell("scale", "lab", "3");
    expect(pidsOf("lab")).toHaveLength(3);
    await tell("scale", "lab", "1");
    expect(pidsOf("lab")).toHaveLength(1);
    await ask();
  });

  it.each([
    [["scale", "lab", "1000"], '"1000" is no number of processes'],
    [["restart", "surgery"], '"surgery" is no service of this system'],
    [["retire", "api"], '"api" cannot be retired'],
    [["dance"], "usage:"],
    [[], "A mesh runs already"],
  ])("refuses %j in a sentence", async (args, sentence) => {
    await expect(tell(...args)).rejects.toThrow(sentence);
  });

  it("reports what cannot start, and why, while everything else runs", async () => {
    write("broken", BROKEN);
    await expect(tell("scale", "broken", "1")).rejects.toThrow("no microscope");
    expect(state()).toMatchObject({ failing: [] });
    expect(pidsOf("broken")).toEqual([]);
    await ask();
    rmSync(join(dir, "services", "broken"), { recursive: true });
  });

  it("restarts a dead NATS, however long another program uses its port", async () => {
    const { nats } = state();
    const port = Number(new URL(nats.url).port);
    process.kill(nonNull(nats.pid), "SIGKILL");
    const guest = await guestAt(port);
    await mesh.says(/(?:it is tried again in 1 s.*){2}/s);
    await guest.stop();
    await until(() => state().nats.pid !== nats.pid && isAlive(nonNull(state().nats.pid)));
    // A question to who has not found it again yet is lost, and waits for its own end.
    let lab: unknown;
    while (lab === undefined) {
      lab = await ask(500).then(
        (told) => told.lab,
        () => undefined,
      );
    }
    expect(pidsOf("lab")).toContain(lab);
  });

  it("leaves no process behind if the supervisor is killed, and the next one reports what it found", async () => {
    const { children, nats, supervisor } = state();
    process.kill(supervisor.pid, "SIGKILL");
    await mesh.ended;
    await until(() => children.every(({ pid }) => !isAlive(pid)));
    mesh = run(["cluster"], env);
    await mesh.says(/The last mesh was not stopped/);
    await mesh.says(/The mesh is ready/);
    expect(isAlive(nonNull(nats.pid))).toBe(false);
    await ask();
  });

  it("does not start a system in which nobody could sign in", async () => {
    const lacking = { SERVICES: "api,patients", MEMBERS: "api,patients", ACCESS: "closed", DATA_DIR: join(dir, "lacking") };
    const program = run(["cluster"], { ...env, ...lacking, OPENWARD_SERVICES_DIR: "" });
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(/MEMBERS lacks identity and ledger/);
    expect(program.output()).not.toContain("died");
  });

  it("neither ends nor minds another program's process that has an id of the last mesh", async () => {
    const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const other = join(dir, "other");
    const old = { pid: stranger.pid, born: "another boot 1" };
    const { supervisor, nats, children } = state();
    mkdirSync(other);
    const left = {
      ...state(),
      supervisor: { ...supervisor, ...old, socket: join(other, "cluster.sock") },
      nats: { ...nats, ...old },
      children: children.map((child) => ({ ...child, ...old })),
    };
    writeFileSync(join(other, "cluster.json"), JSON.stringify(left));
    await expect(tell("status", { DATA_DIR: other })).rejects.toThrow("No mesh runs");
    const next = run(["cluster"], { ...env, DATA_DIR: other });
    await next.says(/none of its processes runs any more.*The mesh is ready/s);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    next.child.kill("SIGTERM");
    expect(await next.ended).toBe(0);
    stranger.kill();
  });

  it("does not touch a running mesh of the folder of which its own is a copy", async () => {
    const copy = join(dir, "copy");
    mkdirSync(copy);
    copyFileSync(join(dataDir, "cluster.json"), join(copy, "cluster.json"));
    const next = run(["cluster"], { ...env, DATA_DIR: copy });
    await next.says(/The mesh is ready/);
    next.child.kill("SIGTERM");
    expect(await next.ended).toBe(0);
    expect(isAlive(nonNull(state().nats.pid))).toBe(true);
    await ask();
    expect(await tell("status")).toContain(`supervisor ${mesh.child.pid}`);
  });

  it("continues if nobody reads its output any more", async () => {
    mesh.child.stdout?.destroy();
    mesh.child.stderr?.destroy();
    for (let death = 1; death <= 3; death += 1) {
      const [victim] = pidsOf("lab");
      process.kill(nonNull(victim), "SIGKILL"); // of which it speaks
      await until(() => pidsOf("lab").length === 1 && !pidsOf("lab").includes(nonNull(victim)));
    }
    await ask();
  });

  it("stops when told, after finishing its requests", async () => {
    const { children, nats } = state();
    await tell("stop");
    expect(await mesh.ended).toBe(0);
    expect([...children.map(({ pid }) => pid), nonNull(nats.pid)].filter(isAlive)).toEqual([]);
  });
});
