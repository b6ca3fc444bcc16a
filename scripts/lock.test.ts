import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const dir = mkdtempSync(join(tmpdir(), "openward-lock-"));
const file = join(dir, "install.lock");
afterAll(() => rmSync(dir, { recursive: true }));

/** A process that appends to a file, under the lock, that it came and that it went. */
async function visitor(): Promise<string> {
  const code = `
    import { withLock } from ${JSON.stringify(join(import.meta.dirname, "lock.mjs"))};
    import { setTimeout as pause } from "node:timers/promises";
    await withLock(${JSON.stringify(file)}, async () => { console.log(Date.now()); await pause(50); console.log(Date.now()); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, "close");
  return output;
}

async function visits(count: number): Promise<[number, number][]> {
  const outputs = await Promise.all(Array.from({ length: count }, visitor));
  return outputs.map((output) => output.trim().split("\n").map(Number) as [number, number]).sort(([a], [b]) => a - b);
}

const overlap = (stays: [number, number][]) => stays.some(([start], index) => index > 0 && start < (stays[index - 1]?.[1] ?? 0));

describe("a lock", () => {
  it("admits one process at a time, and leaves nothing behind", async () => {
    const stays = await visits(6);
    expect(stays).toHaveLength(6);
    expect(overlap(stays)).toBe(false);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("of a dead process is broken by one of the waiting ones", async () => {
    const dead = spawn(process.execPath, ["-e", ""]);
    await once(dead, "exit");
    writeFileSync(file, JSON.stringify({ pid: dead.pid, born: "1" }));
    const stays = await visits(4);
    expect(stays).toHaveLength(4);
    expect(overlap(stays)).toBe(false);
  });

  it("of a dead process is broken even if another process has its id now", async () => {
    writeFileSync(file, JSON.stringify({ pid: process.pid, born: "1" }));
    expect(await visits(1)).toHaveLength(1);
  });
});
