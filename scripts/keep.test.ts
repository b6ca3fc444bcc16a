/** `npm start` of a server that hangs, as an operator sees it. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Program, run } from "../test/kit/programs.ts";
import { isAlive } from "./cluster/cluster-state.ts";
import { openSqlite } from "../store/sqlite/sqlite-store.ts";
import { nothing } from "../test/kit/resources.ts";
import { runningMs } from "../test/kit/running-time.ts";

const ROOT = join(import.meta.dirname, "..");
/** Functions of a store, which the thread that writes calls. */
const FAULTY = `
export const faulty = {
  reindex: () => ({ keys: [], ranges: [] }),
  text(json) {
    if (json.includes('"exit"')) process.exit(3);
    for (;;);
  },
};`;
const SPINNER = `
import { Store } from ${JSON.stringify(join(ROOT, "mixins/own-store.ts"))};
import { faulty } from "./faulty.mjs";
const functions = { module: new URL("./faulty.mjs", import.meta.url).href, name: "faulty" };
export default {
  name: "spinner",
  mixins: [Store({ indexVersion: "1", ...faulty, functions })],
  actions: {
    store: {
      rest: "POST",
      params: { $$strict: true, id: "string" },
      async handler({ params }) {
        await this.store.write([{ op: "create", type: "Basic", id: params.id, body: { meta: "", rest: "}" }, index: faulty.reindex() }]);
      },
    },
    spin: { rest: "POST", params: { $$strict: true }, handler() { for (;;); } },
    wait: { rest: "POST", params: { $$strict: true }, handler: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_500) },
    work: { rest: "POST", params: { $$strict: true }, handler: () => new Promise((resolve) => setTimeout(resolve, 5_000)) },
    pid: { rest: "GET", params: { $$strict: true }, handler: () => process.pid },
  },
};`;

let dir: string;
let programs: Program[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "openward-keep-"));
  mkdirSync(join(dir, "services/spinner"), { recursive: true });
  writeFileSync(join(dir, "services/spinner/faulty.mjs"), FAULTY);
  writeFileSync(join(dir, "services/spinner/spinner.service.ts"), SPINNER);
  for (const name of ["api", "journal"]) {
    mkdirSync(join(dir, "services", name));
    const file = join(ROOT, "services", name, `${name}.service.ts`);
    writeFileSync(join(dir, "services", name, `${name}.service.ts`), `export { default } from ${JSON.stringify(file)};`);
  }
});

afterEach(async () => {
  for (const { child } of programs) child.kill("SIGKILL"); // and the server leaves
  await Promise.all(programs.map((program) => program.ended));
  programs = [];
  rmSync(dir, { recursive: true });
});

function keep(env: Record<string, string> = {}, file = join(ROOT, "scripts/keep.mjs")): Program {
  const own = { DATA_DIR: join(dir, "data"), PORT: "0", NATS_URL: "", LOG_LEVEL: "warn", OPENWARD_SERVICES_DIR: join(dir, "services") };
  const program = run(["serve"], { ...own, ...env }, {}, file);
  programs.push(program);
  return program;
}

const READY = /ready at (http:\S+)/g;
/** The address of the nth start. */
const urlOf = async (program: Program, start = 1) => {
  await program.says(new RegExp(`(?:ready at http:.*?){${start}} after`, "s"));
  return [...program.output().matchAll(READY)][start - 1]?.[1] as string;
};
const pidAt = async (url: string) => (await (await fetch(`${url}/api/spinner/pid`)).json()) as number;

describe("a server whose thread that writes", () => {
  const write = (url: string, id: string) =>
    fetch(`${url}/api/spinner/store`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ id }) });
  async function expectNothing(id: string): Promise<void> {
    const store = await openSqlite({ name: "spinner", file: join(dir, "data/spinner.sqlite"), indexVersion: "1", reindex: () => nothing });
    expect(await store.read("Basic", id)).toBeUndefined();
    await store.close();
  }

  it("stands still is ended and replaced, without what it was about to write", async () => {
    const program = keep();
    const answer = write(await urlOf(program), "hang").catch(() => ({ ok: false })); // or 504, if the machine runs it little
    await urlOf(program, 2);
    expect((await answer).ok).toBe(false);
    expect(program.output()).toContain("was blocked");
    await expectNothing("hang");
  });

  it("ends is ended, without what it was about to write", async () => {
    const program = keep();
    await expect(write(await urlOf(program), "exit")).rejects.toThrow();
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain("The thread that writes to the stores has ended.");
    await expectNothing("exit");
  });
});

describe("a server whose event loop stands still", () => {
  it("is ended and replaced, and the journal says what it worked on", async () => {
    const program = keep();
    const url = await urlOf(program);
    const hung = await pidAt(url);
    const [began, ranBefore] = [performance.now(), runningMs()];
    const answer = fetch(`${url}/api/spinner/spin`, { method: "POST", headers: { "X-Request-ID": "the-request" } });
    await expect(answer).rejects.toThrow();
    expect([performance.now() - began > 4_500, runningMs() - ranBefore < 20_000]).toEqual([true, true]);
    const next = await urlOf(program, 2);
    expect(await pidAt(next)).not.toBe(hung);
    let found: object[] = [];
    while (found.length === 0) {
      await pause(100); // reports are gathered before they are sent
      found = (await (await fetch(`${next}/api/journal/list?kind=process-hung`)).json()) as object[];
    }
    expect(found).toMatchObject([
      {
        kind: "process-hung",
        subject: expect.stringMatching(/^spinner\.spin the-request, POST \/api\/spinner\/spin the-request/),
        trace: "the-request",
      },
    ]);
    expect(readdirSync(join(dir, "data/anomalies"))).toEqual([]);
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(0);
  });

  it("is not replaced when it has been asked to end", async () => {
    const program = keep();
    const url = await urlOf(program);
    fetch(`${url}/api/spinner/spin`, { method: "POST" }).catch(() => {});
    await pause(500);
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(/The server was blocked while it stopped, and was ended\.\n$/);
  });

  it("is not taken for one when the whole process was suspended, or waits for a processor or a disk", async () => {
    const [suspended, waiting] = await Promise.all([keep(), keep({ DATA_DIR: join(dir, "other") })].map((program) => urlOf(program)));
    const pids = await Promise.all([pidAt(suspended as string), pidAt(waiting as string)]);
    process.kill(pids[0] as number, "SIGSTOP");
    const waited = fetch(`${waiting}/api/spinner/wait`, { method: "POST" });
    await pause(7_000);
    process.kill(pids[0] as number, "SIGCONT");
    expect((await waited).status).toBe(200);
    expect(await Promise.all([pidAt(suspended as string), pidAt(waiting as string)])).toEqual(pids);
  });

  it("is replaced after a pause when it hangs again and again, and ends when it is asked to meanwhile", async () => {
    copyFileSync(join(ROOT, "scripts/keep.mjs"), join(dir, "keep.mjs"));
    const code = `const fs = require("node:fs"); fs.appendFileSync(${JSON.stringify(join(dir, "starts"))}, "x");
      fs.writeSync(3, "up\\nhung\\n"); process.kill(process.pid, "SIGKILL");`;
    writeFileSync(
      join(dir, "run.mjs"),
      `import { createRequire } from "node:module"; const require = createRequire(import.meta.url); ${code}`,
    );
    const program = keep({}, join(dir, "keep.mjs"));
    await program.says(/started again for the 6th time within 10 minutes, in 30 s/);
    expect(readFileSync(join(dir, "starts"), "utf8")).toBe("xxxxxx");
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(1);
  });
});

describe("the end of a server", () => {
  it("is the end of npm start, with its exit code and its words", async () => {
    const first = keep();
    const url = await urlOf(first);
    const pid = await pidAt(url);
    const second = keep();
    expect(await second.ended).toBe(1);
    expect(second.output()).toBe(
      `Another OpenWard (process ${pid}, ${url}) uses the data in ${dir}/data: stop it first, or choose another DATA_DIR.\n`,
    );
    process.kill(pid, "SIGKILL");
    expect(await first.ended).toBe("SIGKILL");
    expect(first.output()).not.toContain("was blocked");
  });

  it.each([
    ["comes once for a signal to both, as from a terminal", (keeper: number, server: number) => [keeper, server], 0, false],
    ["comes at once when it is asked twice while it waits for its requests", (keeper: number) => [keeper, keeper], 1, true],
  ])("%s", async (_, targets, code, isAtWork) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const program = keep();
      const url = await urlOf(program);
      if (isAtWork) void fetch(`${url}/api/spinner/work`, { method: "POST" }).catch(() => {});
      const pid = await pidAt(url);
      for (const [index, target] of targets(program.child.pid as number, pid).entries()) {
        if (index > 0) await pause(20); // the same signal twice at one moment is one
        process.kill(target, signal);
      }
      expect(await program.ended).toBe(code);
    }
  });

  it("comes when npm start is killed", async () => {
    const program = keep();
    const pid = await pidAt(await urlOf(program));
    program.child.kill("SIGKILL");
    expect(await program.ended).toBe("SIGKILL"); // its output closes with the server's
    // A process has its number until its parent has heard of its end, and this one's is the machine's own now: nobody tells us.
    while (isAlive(pid)) await pause(10);
  });
});
