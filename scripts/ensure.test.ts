/** What npm runs before `npm start`, on a checkout whose packages are made up. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(dir, "scripts/ensure.mjs"), mode], {
    cwd: dir,
    encoding: "utf8",
    env: { PATH: `${join(dir, "bin")}:/usr/bin:/bin`, ...env },
  });
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
  for (const file of ["ensure.mjs", "lock.mjs"]) cpSync(join(import.meta.dirname, file), join(dir, "scripts", file));
  writeFileSync(join(dir, "bin/npm"), NPM);
  chmodSync(join(dir, "bin/npm"), 0o755);
  write("package-lock.json", lock("2.0.0"));
});

afterEach(() => rmSync(dir, { recursive: true }));

describe("before a script runs", () => {
  it("nothing is installed: what running needs is, in one line", () => {
    expect(ensure("run")).toEqual({ status: 0, said: "Installing packages (the packages are not installed yet) …\n" });
    expect(npmArguments()).toBe("ci --no-audit --no-fund --loglevel=error --omit=dev");
  });

  it("nothing is installed, and tests are to run: everything is", () => {
    ensure("full");
    expect(npmArguments()).not.toContain("--omit=dev");
  });

  it("all is there: nothing happens", () => {
    installed(lock("2.0.0").packages);
    expect(ensure("full")).toEqual({ status: 0, said: "" });
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

  it("an installation that broke off is made again", () => {
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
