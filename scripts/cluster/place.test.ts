/** A place of the mesh and its processes, played by a few lines that do what real ones do at the worst moment. */
import cluster from "node:cluster";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Place } from "./place.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-place-"));
const READY = `process.send({ type: "ready", nodeId: "n" }); process.on("SIGTERM", () => process.exit(0)); process.on("disconnect", () => process.exit(0));`;

const { fork, setupPrimary } = cluster;
let settings: object;
let places: Place[];
let log: string[];

/** What the next processes run. */
function play(code: string): void {
  const exec = join(dir, "child.cjs");
  writeFileSync(exec, code);
  settings = { exec, execArgv: [], cwd: dir };
}

function newPlace(): Place {
  const place = new Place("lab", {}, { changed: () => {}, log: (line) => log.push(line) });
  places.push(place);
  return place;
}

/** Node forgets a worker only when its channel is closed too, which may be after its end. */
const running = () => Object.values(cluster.workers ?? {}).flatMap((worker) => (worker && !worker.isDead() && worker.process.pid) || []);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(10);
}

beforeEach(() => {
  cluster.setupPrimary = (given) => setupPrimary.call(cluster, { ...given, ...settings });
  [places, log] = [[], []];
});

afterEach(async () => {
  Object.assign(cluster, { fork, setupPrimary });
  await Promise.all(places.map((place) => place.close()));
});

afterAll(() => rmSync(dir, { recursive: true }));

describe("a place", () => {
  it("goes on when its process dies with an answer under way to it", async () => {
    play(`process.send({ type: "ready", nodeId: "n" }); process.on("message", () => {
      for (let i = 0; i < 50; i += 1) process.send({ type: "leaving" });
      process.kill(process.pid, "SIGKILL"); });`);
    const place = newPlace();
    await place.open();
    const first = place.child?.pid;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.send("now");
    play(READY);
    const busyUntil = Date.now() + 500; // so that its words and its death arrive together
    while (Date.now() < busyUntil);
    await until(() => place.child?.state === "ready" && place.child.pid !== first);
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
    const place = newPlace();
    await place.open();
    const [first] = running();
    refuse();
    process.kill(first as number, "SIGKILL");
    await until(() => log.some((line) => /cannot be started: spawn /.test(line)));
    await expect(place.renew()).rejects.toThrow("cannot be started");
    cluster.fork = fork;
    play(READY);
    await until(() => place.child?.state === "ready");
  });

  it("has one process when it is renewed between two tries, and none when it is closed", async () => {
    play(`process.exit(3);`);
    const place = newPlace();
    await expect(place.open()).rejects.toThrow("exit code 3");
    await until(() => (place.failing?.deaths ?? 0) >= 3);
    await until(() => place.child === undefined); // in the pause before the next try
    play(READY);
    await place.renew();
    const { pid } = place.child ?? {};
    await pause(2_000); // the next try would have been made
    expect(running()).toEqual([pid]);
    await place.close();
    expect(running()).toEqual([]);
  });

  it("is filled although its first processes are killed while they start, and not with one that says why it will not", async () => {
    const starts = join(dir, "starts");
    writeFileSync(starts, "");
    play(`const fs = require("node:fs"); fs.appendFileSync(${JSON.stringify(starts)}, "x");
      if (fs.readFileSync(${JSON.stringify(starts)}).length < 3) process.kill(process.pid, "SIGKILL"); else { ${READY} }`);
    const place = newPlace();
    await place.fill();
    expect([place.child?.state, readFileSync(starts, "utf8"), running()]).toEqual(["ready", "xxx", [place.child?.pid]]);
    play(`process.exit(3);`);
    await expect(newPlace().fill()).rejects.toThrow("exit code 3");
  });

  it("leaves nothing behind when it is closed while it is renewed", async () => {
    play(READY);
    const place = newPlace();
    await place.open();
    const renewal = place.renew().catch(() => {});
    await place.close();
    await renewal;
    expect(running()).toEqual([]);
    await expect(place.renew()).rejects.toThrow("is being stopped");
  });
});
