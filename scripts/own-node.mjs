/**
 * The Node that everything runs on: the project's own, a package of this machine's kind (`optionalDependencies`); where there is none
 * for this kind of machine, the machine's, if it is new enough. Plain JavaScript without packages, on Node 20 and later.
 */
import { spawn } from "node:child_process";
import { existsSync, realpathSync, symlinkSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NODE_MAJOR = 24; // types are stripped, `node:sqlite` needs no flag
const PLATFORM = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

/** The lock file's entry of this machine's Node. */
export const OWN_NODE = `node_modules/node-${PLATFORM}`;

/**
 * Runs a script: in this process, if that is of the right Node already, as it is in every npm script but the first after a checkout;
 * else in a process of the right one, and ends as that ends.
 * @param {string} script path from the working directory
 * @param {string[]} args
 * @returns {Promise<string | undefined>} why it cannot be run; undefined when it was started
 */
export async function runScript(script, args) {
  const own = fileURLToPath(new URL(`../${OWN_NODE}/bin/node${process.platform === "win32" ? ".exe" : ""}`, import.meta.url));
  if (existsSync(own) && realpathSync(own) !== runningFile()) {
    linkAsNode();
    handOver(own, [...process.execArgv, script, ...args]);
    return undefined;
  }
  if (Number(process.versions.node.split(".")[0]) < NODE_MAJOR) {
    return `There is no package of Node ${NODE_MAJOR} for ${PLATFORM}: install Node ${NODE_MAJOR} or newer (https://nodejs.org/en/download) and try again.`;
  }
  const file = resolve(script);
  process.argv = [process.execPath, file, ...args];
  await import(pathToFileURL(file).href);
  return undefined;
}

/**
 * npm puts `node_modules/.bin` first on the PATH of its scripts, so that with this link the next one begins on the right Node. npm 10 makes
 * it, and deletes it again when it leaves out the packages for other machines, which have a program of the same name.
 */
function linkAsNode() {
  if (process.platform === "win32") return; // a link is a file of another form there: each script hands over
  try {
    symlinkSync(`../../${OWN_NODE}/bin/node`, fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url)));
  } catch {
    // It is there, or cannot be made: then each script hands over.
  }
}

/** The program of this process; undefined when an installation has just replaced it. */
function runningFile() {
  try {
    return realpathSync(process.execPath);
  } catch {
    return undefined;
  }
}

/** @param {string} node @param {string[]} args */
function handOver(node, args) {
  // Before the child is there: a signal that comes meanwhile must reach it. Ctrl-C on a terminal reaches both processes by itself.
  process.on("SIGINT", () => {});
  for (const signal of /** @type {const} */ (["SIGTERM", "SIGHUP"])) process.on(signal, () => child.kill(signal));
  const child = spawn(node, args, { stdio: "inherit" });
  child.on("error", (error) => {
    console.error(`${node} cannot be started: ${error.message}.`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal) process.removeAllListeners(signal);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}
