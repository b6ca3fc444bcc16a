/** A file for whose growth there is no room, though the disk has some: a limit of the system, as by `ulimit -f`. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import { isNoRoom, whyNoRoom } from "./no-room.ts";

describe("a store whose file cannot grow", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => sqliteKit.clear(folder));

  it("reports that it is full, can still be read, and accepts writes again once it may grow", async () => {
    const code = `
      process.stdin.on("data", () => {});
      const patient = (id) => ({ op: "create", type: "Patient", id, body: { meta: "", rest: ',"x":"' + "y".repeat(20000) + '"}' }, index: { keys: [], ranges: [] } });
      let n = 0;
      try { for (; ; n++) await store.write([patient("p" + n)]); } catch (error) {
        console.log(JSON.stringify({ type: error.type, ...error.data, isLikely: n > 5, count: await store.count("Patient", []) === n, read: (await store.read("Patient", "p0")).version }));
      }
      process.stdin.once("data", async () => {
        console.log(JSON.stringify(await store.write([patient("later")])));
        await store.close();
        process.exit();
      });`;
    const command = 'ulimit -S -f 2048; exec "$0" --input-type=module -e "$1"';
    const child = spawn("bash", ["-c", command, process.execPath, sqliteKit.opener(folder) + code], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value ?? "null");
    const reason = expect.stringMatching(/largest size that a file may have.*ulimit -f/);
    expect(await next()).toEqual({ type: "STORE_FULL", reason, nothingWritten: true, isLikely: true, count: true, read: 1 });
    execFileSync("prlimit", ["--pid", `${child.pid}`, "--fsize=unlimited"]);
    child.stdin.write("go on\n");
    expect(await next()).toMatchObject([{ outcome: "created" }]);
    await once(child, "close");
    expect((await readdir(folder)).filter((name) => name.includes("trial"))).toEqual([]);
  });

  it("does not report that it is full if there is room: then the disk has another fault", async () => {
    expect(whyNoRoom(join(folder, "store.sqlite"))).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    expect(whyNoRoom(join(folder, "nowhere", "store.sqlite"))).toBeUndefined();
  });

  it.each(["ENOSPC", "EDQUOT", "EFBIG"])("is full by %s, and not by a disk that fails", (code) => {
    expect([isNoRoom(code), isNoRoom("EIO"), isNoRoom(undefined)]).toEqual([true, false, false]);
  });
});
