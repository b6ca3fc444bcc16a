/** `npm start` as an operator sees it. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Program, run } from "../test/kit/programs.ts";
import { isAlive } from "./cluster/cluster-state.ts";

/** A gateway that takes a second for each answer, and ends when all are given. */
const SLOW_API = `
import http from "node:http";
export default ({ port, host }) => ({
  name: "api",
  async started() {
    this.http = http.createServer((request, response) => setTimeout(() => response.end("done"), 1_000));
    await new Promise((resolve) => this.http.listen({ port, host }, resolve));
  },
  stopped() { return new Promise((resolve) => this.http.close(resolve)); },
});`;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(20);
}

let dir: string;
let programs: Program[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "openward-serve-"));
  chmodSync(dir, 0o755);
});

afterEach(async () => {
  for (const { child } of programs) child.kill("SIGKILL");
  await Promise.all(programs.map((program) => program.ended));
  programs = [];
  rmSync(dir, { recursive: true });
});

function serve(env: Record<string, string> = {}, options = {}): Program {
  const program = run(["serve"], { DATA_DIR: join(dir, "data"), PORT: "0", NATS_URL: "", LOG_LEVEL: "warn", ...env }, options);
  programs.push(program);
  return program;
}

describe("a start", () => {
  it("of a single service also starts the gateway, which alone can reach it", async () => {
    const program = serve({ SERVICES: "lab" });
    const [, url] = await program.says(/ready at (http:\S+)/);
    expect((await fetch(`${url}/fhir/ServiceRequest`)).status).toBe(200);
    expect((await fetch(`${url}/fhir/Patient`)).status).toBe(404);
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(0);
  });

  it.each([
    ["a hospital", {}, true, "/fhir/Patient?name=rossi"],
    ["a ministry", { SYSTEM: "national" }, false, "/fhir?_summary=count"],
    ["a service alone", { SERVICES: "lab" }, false, "/fhir?_summary=count"],
  ])(
    "of %s names its pages, on the console and at its address, if it has some, and prints lines that work",
    async (_, env, hasPages, example) => {
      const program = serve({ ...env, ACCESS: "open" });
      const [, url = ""] = await program.says(/ready at (http:\S+)/);
      const [, last = ""] = await program.says(new RegExp(`^ +curl '(http[^']*${example.replace("?", "\\?")})'$`, "m"));
      expect((await fetch(last)).status).toBe(200);
      const [, pages] = /^ {2}pages +(\S+)$/m.exec(program.output()) ?? [];
      expect(pages).toBe(hasPages ? `${url}/desk/` : undefined);
      if (pages !== undefined) expect((await fetch(pages)).status).toBe(200);
      expect((await (await fetch(url)).text()).includes('href="/desk/"')).toBe(hasPages);
      program.child.kill("SIGTERM");
      expect(await program.ended).toBe(0);
    },
  );

  it("of a small clinic also starts identity and ledger, for sign-in and audit", async () => {
    const program = serve({ SERVICES: "patients", ACCESS: "closed" });
    const [told] = await program.says(/services {2}.*/);
    expect(
      told
        .replace(/services +/, "")
        .split(", ")
        .sort(),
    ).toEqual(["api", "identity", "ledger", "patients"]);
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(0);
    const apart = serve({ SERVICES: "patients", ACCESS: "closed", NATS_URL: "nats://127.0.0.1:1", MEMBERS: "api,identity,patients" });
    expect(await apart.ended).toBe(1);
    expect(apart.output()).toContain("MEMBERS lacks ledger, which a system needs where people sign in");
  });

  it("prints when it is ready, and ends with 0 when asked to", async () => {
    const program = serve();
    const [, url] = await program.says(/ready at (http:\S+)/);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(0);
  });

  it("finishes requests in progress if its supervisor is killed while it stops", async () => {
    // What `npm run cluster` is to a gateway, in its last moments.
    const supervisor = join(dir, "supervisor.cjs");
    const code = `const cluster = require("node:cluster");
      cluster.setupPrimary({ exec: ${JSON.stringify(join(import.meta.dirname, "run.mjs"))}, args: ["serve"] });
      const worker = cluster.fork({ OPENWARD_SUPERVISED: "1", SERVICES: "api" });
      worker.on("message", ({ type, port }) => type === "ready" && process.send({ pid: worker.process.pid, port }));`;
    writeFileSync(supervisor, code);
    mkdirSync(join(dir, "services/api"), { recursive: true });
    writeFileSync(join(dir, "services/api/api.service.ts"), SLOW_API);
    const env = { ...process.env, DATA_DIR: join(dir, "data"), PORT: "0", NATS_URL: "", LOG_LEVEL: "error" };
    const parent = fork(supervisor, { env: { ...env, OPENWARD_SERVICES_DIR: join(dir, "services") }, execArgv: [] });
    const [{ pid, port }] = (await once(parent, "message")) as [{ pid: number; port: number }];
    const answer = fetch(`http://127.0.0.1:${port}`, { headers: { Connection: "close" } });
    await pause(200);
    process.kill(pid, "SIGTERM");
    await pause(200);
    parent.kill("SIGKILL");
    expect(await (await answer).text()).toBe("done");
    await until(() => !isAlive(pid)); // and goes
  });

  it("ends at once if asked twice", async () => {
    const program = serve();
    await program.says(/ready at/);
    program.child.kill("SIGINT");
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(1);
  });

  it("is refused while another process uses the data, and possible after that was killed", async () => {
    const first = serve();
    const [, url] = await first.says(/ready at (http:\S+)/);
    const second = serve();
    expect(await second.ended).toBe(1);
    expect(second.output()).toBe(
      `Another OpenWard (process ${first.child.pid}, ${url}) uses the data in ${dir}/data: stop it first, or choose another DATA_DIR.\n`,
    );
    first.child.kill("SIGKILL");
    await first.ended;
    await serve().says(/ready at/);
  });

  it("is refused in one sentence if the port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const program = serve({ PORT: `${port}` });
    expect(await program.ended).toBe(1);
    expect(program.output()).toBe(`Port ${port} of 127.0.0.1 is used by another program: stop it, or choose another PORT.\n`);
    other.close();
  });

  it.each(["--tsl", "--port=4000", "lab"])("is refused in one sentence with %s, instead of another than was meant", async (argument) => {
    const program = run(["serve", argument], { DATA_DIR: join(dir, "data"), PORT: "0", NATS_URL: "" });
    programs.push(program);
    expect(await program.ended).toBe(1);
    expect(program.output().trim()).toMatch(new RegExp(`^"${argument}" is no option of npm start, which has --tls only: [^\n]*$`));
  });

  it("is refused in one sentence if the data folder is a file", async () => {
    writeFileSync(join(dir, "file"), "");
    const program = serve({ DATA_DIR: join(dir, "file") });
    expect(await program.ended).toBe(1);
    expect(program.output()).toBe(`${dir}/file is a file, or lies under one: choose a folder as DATA_DIR.\n`);
  });

  it("is refused in one sentence if no folder can be made where the data are to be, like a folder of keys there", async () => {
    const program = serve({ DATA_DIR: "/proc/openward" });
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(/^The folder \/proc\/openward [^\n]*DATA_DIR\.\n$/);
    const keys = run(["mesh-keys", "ca", "--folder", "/proc/openward/keys"], {});
    programs.push(keys);
    expect(await keys.ended).toBe(1);
    expect(keys.output()).toMatch(/^\/proc\/openward [^\n]*name another folder\.\n$/);
  });

  it("is refused in one sentence if the data folder is not writable", async () => {
    const folder = join(dir, "read-only");
    mkdirSync(folder, { mode: 0o555 });
    // Root may write everywhere: then the program runs as nobody.
    const program = serve({ DATA_DIR: folder }, process.getuid?.() === 0 ? { uid: 65_534 } : {});
    expect(await program.ended).toBe(1);
    expect(program.output()).toBe(
      `The folder ${folder} is not writable for this user: change its permissions, or choose another DATA_DIR.\n`,
    );
  });

  it("is refused in one sentence if other machines could read its traffic", async () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "ehr.example"]) {
      const open = serve({ HOST: host, PUBLIC_URL: "https://ehr.example", ACCESS: "open", BEHIND_PROXY: "1" });
      expect(await open.ended).toBe(1);
      expect(open.output()).toBe(
        `ACCESS is open, and HOST is ${host}, which other machines can reach: open access is for this machine only (HOST=127.0.0.1).\n`,
      );
      const program = serve({ HOST: host, PUBLIC_URL: "https://ehr.example", ACCESS: "closed" });
      expect(await program.ended).toBe(1);
      expect(program.output()).toBe(
        `HOST is ${host}, which other machines can reach, and what they send would not be encrypted: set TLS_CERT and TLS_KEY ` +
          "(for trying out: npm start -- --tls), or BEHIND_PROXY=1 where only a proxy with TLS can reach it.\n",
      );
    }
    const proxied = serve({ PUBLIC_URL: "https://ehr.example", ACCESS: "open", BEHIND_PROXY: "1" });
    expect(await proxied.ended).toBe(1);
    expect(proxied.output()).toMatch(/^ACCESS is open, and BEHIND_PROXY=1 says [^\n]*\n$/);
    const mesh = run(["cluster"], { DATA_DIR: join(dir, "data"), PORT: "0", NATS_URL: "", HOST: "0.0.0.0", ACCESS: "closed" });
    programs.push(mesh);
    expect(await mesh.ended).toBe(1);
    expect(mesh.output()).toMatch(/^HOST is 0\.0\.0\.0, which other machines can reach[^\n]*\n$/);
    const behind = serve({ HOST: "0.0.0.0", BEHIND_PROXY: "1", PUBLIC_URL: "https://ehr.example", SERVICES: "patients", ACCESS: "closed" });
    const [, url] = await behind.says(/ready at (http:\S+)/);
    expect((await fetch(`${url}/fhir/metadata`)).status).toBe(200);
    expect(behind.output()).toMatch(/services {2}api, identity, ledger, patients/);
  });

  it("is refused in one sentence if its certificate cannot be used", async () => {
    const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
    const missing = serve({ TLS_CERT: cert, TLS_KEY: key });
    expect(await missing.ended).toBe(1);
    expect(missing.output()).toMatch(/^TLS_CERT \(\S+cert\.pem\) cannot be read: ENOENT[^\n]*\n$/);
    writeFileSync(cert, "no certificate");
    writeFileSync(key, "no key");
    const wrong = serve({ TLS_CERT: cert, TLS_KEY: key });
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toMatch(/^TLS_CERT \(\S+\) and TLS_KEY \(\S+\) are no certificate and its private key in PEM[^\n]*\n$/);
    const half = serve({ TLS_CERT: cert });
    expect(await half.ended).toBe(1);
    expect(half.output()).toContain("TLS_CERT is set without TLS_KEY");
  });

  it("closes its data to other users, including existing files, and reports a folder that stays open", async () => {
    const data = join(dir, "data");
    mkdirSync(join(data, "older"), { recursive: true, mode: 0o755 });
    for (const file of ["patients.sqlite-old", "older/nats.conf"]) writeFileSync(join(data, file), "", { mode: 0o644 });
    chmodSync(data, 0o755);
    const umask = process.umask(0); // the most generous user
    const program = serve();
    process.umask(umask);
    await program.says(/ready at/);
    expect(program.output().split("\n")[0]).toBe(
      `The folder ${data} is open to other users of this machine (mode 755); what lies in it is not. To close it: chmod 700 ${data}`,
    );
    const open = (readdirSync(data, { recursive: true }) as string[]).filter((file) => statSync(join(data, file)).mode & 0o077);
    expect(open).toEqual([]);
    expect(readdirSync(data)).toContain("patients.sqlite");
    program.child.kill("SIGTERM");
    await program.ended;
    const own = serve({ DATA_DIR: join(dir, "new") });
    await own.says(/ready at/);
    expect([statSync(join(dir, "new")).mode & 0o777, own.output()]).toEqual([0o700, expect.not.stringContaining("open to other")]);
  });

  it("is refused with all faults of the settings at once, including unknown services", async () => {
    const program = serve({ PORT: "x", LOG_LEVEL: "loud" });
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(/PORT is "x"[\s\S]*LOG_LEVEL is "loud"/);
    const other = serve({ SERVICES: "patients,surgery" });
    expect(await other.ended).toBe(1);
    expect(other.output()).toMatch(/^SERVICES names surgery, which the provider system does not have\./);
  });
});
