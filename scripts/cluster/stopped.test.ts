import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whenStopped } from "./stopped.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-stopped-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** A process that says when it has done what it was to do, and stays. */
async function processThat(does: string): Promise<ChildProcess & { pid: number }> {
  const text = `import { DatabaseSync } from "node:sqlite"; ${does}; console.log("done"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", text]);
  await once(child.stdout, "data");
  return child as ChildProcess & { pid: number };
}

describe("a process stopped by a signal", () => {
  it("is reported within two seconds if others wait for its lock; no other stopped one is, nor a working one", async () => {
    const open = `const db = new DatabaseSync(${JSON.stringify(join(dir, "store.sqlite"))}); db.exec("PRAGMA journal_mode = WAL")`;
    const [gateway, writer, reader, working] = await Promise.all([
      processThat(""),
      processThat(`${open}; db.exec("BEGIN IMMEDIATE")`),
      processThat(`${open.replace("store.", "read.")}; db.exec("BEGIN"); db.prepare("SELECT * FROM sqlite_schema").all()`),
      processThat("for (let n = 0; n < 1e8; n++)"),
    ]);
    const told: [name: string, stoppedMs: number][] = [];
    const watch = (name: string, { pid }: { pid: number }, isGateway = false) =>
      whenStopped(pid, isGateway, (stoppedMs) => told.push([name, stoppedMs]));
    const ends = [watch("gateway", gateway, true), watch("writer", writer), watch("reader", reader), watch("working", working, true)];
    for (const { pid } of [gateway, writer, reader]) process.kill(pid, "SIGSTOP");

    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (told.length < 2) return;
        clearInterval(timer);
        resolve();
      }, 20);
    });
    expect(told).toEqual([
      ["writer", 1_000],
      ["gateway", 1_500],
    ]);
    for (const end of ends) end();
    for (const child of [gateway, writer, reader, working]) child.kill("SIGKILL");
  });
});
