/** What every npm script begins with, on a checkout whose packages are made up. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWN_NODE } from "./own-node.mjs";

let dir: string;

/** Stands in for npm: notes its arguments and installs what the lock file says. */
const NPM = `#!/bin/sh
echo "$@" > npm-arguments
mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json
`;

const lock = (version: string) => ({
  packages: {
    "": {},
    "node_modules/moleculer": { version },
    "node_modules/jest": { version: "1.0.0", dev: true },
    "node_modules/fsevents": { version: "1.0.0", optional: true },
  },
});

const write = (file: string, content: object) => writeFileSync(join(dir, file), JSON.stringify(content));

function installed(packages: Record<string, object>): void {
  mkdirSync(join(dir, "node_modules"), { recursive: true });
  write("node_modules/.package-lock.json", { packages });
}

function ensure(mode: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(dir, "scripts/ensure.mjs"), mode, "scripts/script.mjs", "one", "--two"],
    {
      cwd: dir,
      encoding: "utf8",
      env: { PATH: `${join(dir, "bin")}:/usr/bin:/bin`, ...env },
    },
  );
  return { status, said: stdout + stderr };
}

const npmArguments = () => {
  try {
    return readFileSync(join(dir, "npm-arguments"), "utf8").trim();
  } catch {
    return undefined;
  }
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "openward-ensure-"));
  mkdirSync(join(dir, "bin"));
  mkdirSync(join(dir, "scripts"));
  for (const file of ["ensure.mjs", "lock.mjs", "own-node.mjs"]) cpSync(join(import.meta.dirname, file), join(dir, "scripts", file));
  writeFileSync(join(dir, "bin/npm"), NPM);
  chmodSync(join(dir, "bin/npm"), 0o755);
  writeFileSync(join(dir, "scripts/script.mjs"), 'console.log("ran with", ...process.argv.slice(2));\n');
  write("package-lock.json", lock("2.0.0"));
});

const RAN = "ran with one --two\n";

afterEach(() => rmSync(dir, { recursive: true }));

describe("before a script runs", () => {
  it("nothing is installed: the packages needed to run are, in one line", () => {
    expect(ensure("run")).toEqual({ status: 0, said: `Installing packages (the packages are not installed yet) …\n${RAN}` });
    expect(npmArguments()).toBe("ci --ignore-scripts --include=optional --no-audit --no-fund --loglevel=error --omit=dev");
  });

  it("nothing is installed, and tests are to run: all packages are", () => {
    ensure("full");
    expect(npmArguments()).not.toContain("--omit=dev");
  });

  it("everything is installed: nothing happens", () => {
    installed(lock("2.0.0").packages);
    expect(ensure("full")).toEqual({ status: 0, said: RAN });
    expect(npmArguments()).toBeUndefined();
  });

  it("development packages are missing: only tests need them", () => {
    installed({ "node_modules/moleculer": { version: "2.0.0" } });
    ensure("run");
    expect(npmArguments()).toBeUndefined();
    expect(ensure("full").said).toContain("jest is not installed in version 1.0.0");
  });

  it("the lock file is newer: packages are refreshed, and development packages stay", () => {
    installed(lock("1.0.0").packages);
    expect(ensure("run").said).toContain("moleculer is not installed in version 2.0.0");
    expect(npmArguments()).not.toContain("--omit=dev");
  });

  it("an interrupted installation is repeated", () => {
    mkdirSync(join(dir, "node_modules/moleculer"), { recursive: true });
    ensure("run");
    expect(npmArguments()).toContain("ci");
  });

  it("npm is too old, or fails: one sentence", () => {
    expect(ensure("run", { npm_config_user_agent: "npm/6.14.0 node/v20" })).toMatchObject({
      status: 1,
      said: expect.stringMatching(/^npm 6 is too old/),
    });
    writeFileSync(join(dir, "bin/npm"), "#!/bin/sh\nexit 7\n");
    expect(ensure("run")).toMatchObject({ status: 1, said: expect.stringContaining("The packages could not be installed: npm ci failed") });
  });
});

describe("the script of a command", () => {
  /** Stands in for the project's Node: says how it was called and lives until it is ended. */
  const fakeNode = (text: string) => {
    mkdirSync(join(dir, OWN_NODE, "bin"), { recursive: true });
    writeFileSync(join(dir, OWN_NODE, "bin/node"), `#!/bin/sh\n${text}\n`);
    chmodSync(join(dir, OWN_NODE, "bin/node"), 0o755);
  };
  const lockWithNode = { packages: { ...lock("2.0.0").packages, [OWN_NODE]: { version: "24.0.0", optional: true } } };

  it("runs on the project's Node, with all arguments, and returns its exit code", () => {
    installed(lock("2.0.0").packages);
    fakeNode('echo "node $@"; exit 7');
    mkdirSync(join(dir, "node_modules/.bin"));
    const { status, stdout } = spawnSync(process.execPath, ["--no-warnings", "scripts/ensure.mjs", "run", "scripts/script.mjs", "one"], {
      cwd: dir,
      encoding: "utf8",
    });
    expect([status, stdout]).toEqual([7, "node --no-warnings scripts/script.mjs one\n"]);
    expect(realpathSync(join(dir, "node_modules/.bin/node"))).toBe(realpathSync(join(dir, OWN_NODE, "bin/node"))); // the next begins on it
  });

  it("is ended with the command", async () => {
    installed(lock("2.0.0").packages);
    fakeNode("echo started; exec sleep 600");
    const child = spawn(process.execPath, ["scripts/ensure.mjs", "run", "scripts/script.mjs"], {
      cwd: dir,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    await once(child.stdout, "close"); // nobody holds it any more
    expect(child.signalCode ?? (await once(child, "exit"))[1]).toBe("SIGTERM");
  });

  it("is not run without the project's Node if the lock file has one for this machine: it is installed first", () => {
    write("package-lock.json", lockWithNode);
    installed(lock("2.0.0").packages);
    expect(ensure("run").said).toContain(`${OWN_NODE.slice("node_modules/".length)} is not installed in version 24.0.0`);
  });
});
