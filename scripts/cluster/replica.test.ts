/** A replica and its processes, played by a few lines that do what real ones do at the worst moment. */
import cluster from "node:cluster";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Replica } from "./replica.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-replica-"));
const READY = `process.send({ type: "ready", nodeId: "n" }); process.on("SIGTERM", () => process.exit(0)); process.on("disconnect", () => process.exit(0));`;

const { fork, setupPrimary } = cluster;
let settings: object;
let replicas: Replica[];
let log: string[];

/** What the next processes run. */
function play(code: string): void {
  const exec = join(dir, "child.cjs");
  writeFileSync(exec, code);
  settings = { exec, execArgv: [], cwd: dir };
}

function newReplica(): Replica {
  const replica = new Replica("lab", {}, { changed: () => {}, log: (line) => log.push(line) });
  replicas.push(replica);
  return replica;
}

/** Node forgets a worker only when its channel is closed too, which may be after its end. */
const running = () => Object.values(cluster.workers ?? {}).flatMap((worker) => (worker && !worker.isDead() && worker.process.pid) || []);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(10);
}

beforeEach(() => {
  cluster.setupPrimary = (given) => setupPrimary.call(cluster, { ...given, ...settings });
  [replicas, log] = [[], []];
});

afterEach(async () => {
  Object.assign(cluster, { fork, setupPrimary });
  await Promise.all(replicas.map((replica) => replica.close()));
});

afterAll(() => rmSync(dir, { recursive: true }));

describe("a replica", () => {
  it("continues if its process dies while it answers a request", async () => {
    play(`process.send({ type: "ready", nodeId: "n" }); process.on("message", () => {
      for (let i = 0; i < 50; i += 1) process.send({ type: "leaving" });
      process.kill(process.pid, "SIGKILL"); });`);
    const replica = newReplica();
    await replica.open();
    const first = replica.child?.pid;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.send("now");
    play(READY);
    const busyUntil = Date.now() + 500; // so that its words and its death arrive together
    while (Date.now() < busyUntil);
    await until(() => replica.child?.state === "ready" && replica.child.pid !== first);
    expect(log).toEqual([expect.stringContaining("killed by SIGKILL")]);
  });

  it.each([
    [
      "at once",
      () =>
        Object.assign(cluster, {
          fork: () => {
            throw new Error("spawn EAGAIN");
          },
        }),
    ],
    [
      "a moment later",
      () => {
        settings = { ...settings, cwd: join(dir, "none") };
      },
    ],
  ])("tries again when the system refuses it a process %s", async (_, refuse) => {
    play(READY);
    const replica = newReplica();
    await replica.open();
    const [first] = running();
    refuse();
    process.kill(first as number, "SIGKILL");
    await until(() => log.some((line) => /cannot be started: spawn /.test(line)));
    await expect(replica.renew()).rejects.toThrow("cannot be started");
    cluster.fork = fork;
    play(READY);
    await until(() => replica.child?.state === "ready");
  });

  it("has one process when it is replaced between two attempts, and none when it is closed", async () => {
    play(`process.exit(3);`);
    const replica = newReplica();
    await expect(replica.open()).rejects.toThrow("exit code 3");
    await until(() => (replica.failing?.deaths ?? 0) >= 3);
    await until(() => replica.child === undefined); // in the pause before the next try
    play(READY);
    await replica.renew();
    const { pid } = replica.child ?? {};
    await pause(2_000); // the next try would have been made
    expect(running()).toEqual([pid]);
    await replica.close();
    expect(running()).toEqual([]);
  });

  it("is started although its first processes are killed while they start, and not with one that reports why it will not start", async () => {
    const starts = join(dir, "starts");
    writeFileSync(starts, "");
    play(`const fs = require("node:fs"); fs.appendFileSync(${JSON.stringify(starts)}, "x");
      if (fs.readFileSync(${JSON.stringify(starts)}).length < 3) process.kill(process.pid, "SIGKILL"); else { ${READY} }`);
    const replica = newReplica();
    await replica.fill();
    expect([replica.child?.state, readFileSync(starts, "utf8"), running()]).toEqual(["ready", "xxx", [replica.child?.pid]]);
    play(`process.exit(3);`);
    await expect(newReplica().fill()).rejects.toThrow("exit code 3");
  });

  it("leaves nothing behind if it is closed while it is replaced", async () => {
    play(READY);
    const replica = newReplica();
    await replica.open();
    const renewal = replica.renew().catch(() => {});
    await replica.close();
    await renewal;
    expect(running()).toEqual([]);
    await expect(replica.renew()).rejects.toThrow("is being stopped");
  });
});
