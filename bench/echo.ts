/**
 * CPU time of one call over NATS and back, by process: `npm run bench -- echo [TREE]`. TREE is another checkout (default: this one), so that two versions
 * can be measured in turns; CPU time is steadier than a rate on a shared machine.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ServiceBroker } from "moleculer";

const tree = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
const load = <Module>(file: string) => import(join(tree, file)) as Promise<Module>;
const { startNats } = await load<typeof import("../scripts/servers.mjs")>("scripts/servers.mjs");
const { readConfig } = await load<typeof import("../mesh/config.ts")>("mesh/config.ts");
const { brokerOptions } = await load<typeof import("../moleculer.config.ts")>("moleculer.config.ts");

/** A clock tick of /proc, microseconds. */
const TICK_US = 10_000;
const PARAMS = { type: "Patient", id: "1", text: "x".repeat(400) };

const dir = mkdtempSync(join(tmpdir(), "openward-echo-"));
const nats = await startNats({ dir: join(dir, "nats") });
const env = { NATS_URL: nats.url, LOG_LEVEL: "fatal", ACCESS: "open", DATA_DIR: dir };
const callee = spawn(process.execPath, [join(tree, "test/kit/echo-node.ts")], {
  env: { ...process.env, ...env, NODE_ID: "lab" },
  stdio: ["ignore", "ignore", "inherit", "ipc"],
});
await once(callee, "message");
const broker = new ServiceBroker(brokerOptions(readConfig({ ...env, NODE_ID: "api" })));
await broker.start();
await broker.waitForServices("echo");

const cpuOf = (pid: number): number => {
  const fields = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1] ?? "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
};
const cpu = () => [process.pid, callee.pid ?? 0, nats.pid].map(cpuOf);

async function calls(count: number, atOnce: number): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (; left > 0; left--) await broker.call("echo.back", PARAMS);
    }),
  );
}

try {
  for (const [atOnce, count] of [
    [16, 20_000],
    [1, 6_000],
  ] as const) {
    await calls(6_000, atOnce);
    const before = cpu();
    await calls(count, atOnce);
    const [caller = 0, called = 0, server = 0] = cpu().map((after, index) => (after - (before[index] ?? 0)) / count);
    const shown = [caller, called, server, caller + called + server].map(Math.round);
    console.log(`${atOnce} at once: caller ${shown[0]}, callee ${shown[1]}, NATS ${shown[2]}; together ${shown[3]} µs a call`);
  }
} finally {
  callee.kill("SIGKILL");
  await broker.stop();
  await nats.stop();
  rmSync(dir, { recursive: true, force: true });
}
