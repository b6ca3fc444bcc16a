/**
 * `npm start` and `npm test` are the only commands that anyone must know: each begins with this, which installs what is missing and then
 * runs the command's script. Not by npm's `pre` scripts: with `ignore-scripts` (.npmrc), which keeps every package from running a script
 * of its own when it is installed, npm runs none of ours either, but those that are asked for by name.
 * Plain JavaScript without packages, on the machine's own Node: nothing is installed yet.
 *
 *   node scripts/ensure.mjs run SCRIPT [ARGUMENT …]    with what running needs; a fresh machine gets no development packages
 *   node scripts/ensure.mjs full SCRIPT [ARGUMENT …]   with everything
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";
import { OWN_NODE, runScript } from "./own-node.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const NODE_MAJOR = 20; // installs the Node 24 that everything else runs on
const NPM_MAJOR = 9; // reads lock files of version 3

/** @param {string} sentence */
function refuse(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** @param {string} file under the root */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * What is wrong with the installed packages; undefined when all are there in the versions of the lock file. npm writes
 * its list of the installed (`.package-lock.json`) last, so a broken installation has none.
 * @param {boolean} full development packages too
 */
function findFault(full) {
  const wanted = readJson("package-lock.json");
  if (!wanted) refuse("package-lock.json is missing: this is not a whole checkout of the project.");
  const installed = readJson("node_modules/.package-lock.json");
  if (!installed) return "the packages are not installed yet";
  for (const [path, entry] of Object.entries(wanted.packages)) {
    if (path === "" || (!full && (entry.dev || entry.devOptional))) continue;
    const present = installed.packages[path];
    if (present ? present.version !== entry.version : !entry.optional || path === OWN_NODE) {
      return `${path.split("node_modules/").pop()} is not installed in version ${entry.version}`;
    }
  }
  return undefined;
}

/** Development packages that are there stay there. */
function hasDevelopmentPackages() {
  return Object.values(readJson("node_modules/.package-lock.json")?.packages ?? {}).some((entry) => entry.dev);
}

/** @param {boolean} full */
function install(full) {
  const fault = findFault(full);
  if (!fault) return; // somebody else installed while we waited
  const npmMajor = Number(/npm\/(\d+)/.exec(process.env.npm_config_user_agent ?? "")?.[1] ?? NPM_MAJOR);
  if (npmMajor < NPM_MAJOR) {
    refuse(`npm ${npmMajor} is too old to install the packages: npm ${NPM_MAJOR} or newer is needed (npm install -g npm).`);
  }
  const everything = full || hasDevelopmentPackages();
  console.log(`Installing packages (${fault}) …`);
  // The project's own Node is about to be replaced: npm must run on the machine's.
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.startsWith(join(ROOT, "node_modules")));
  const args = [
    "ci",
    "--ignore-scripts",
    "--include=optional",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    ...(everything ? [] : ["--omit=dev"]),
  ];
  const { status, error } = spawnSync("npm", args, {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PATH: path.join(delimiter) },
    shell: process.platform === "win32", // npm is a .cmd file there
  });
  if (error || status !== 0) refuse(`The packages could not be installed: ${error ? error.message : "npm ci failed, see above"}.`);
}

const [mode, script, ...args] = process.argv.slice(2);
if ((mode !== "run" && mode !== "full") || !script) refuse("usage: node scripts/ensure.mjs run|full SCRIPT [ARGUMENT …]");
const major = Number(process.versions.node.split(".")[0]);
if (major < NODE_MAJOR) refuse(`Node ${process.versions.node} is too old: Node ${NODE_MAJOR} or newer is needed.`);

if (findFault(mode === "full")) {
  await withLock(
    join(ROOT, ".servers", "install.lock"),
    () => install(mode === "full"),
    (pid) => console.log(`Waiting for process ${pid}, which installs the packages …`),
  );
}
const fault = await runScript(script, args);
if (fault) refuse(fault);
