/**
 * Fills the compile cache once before a dozen processes need it at the same time. Otherwise each would compile the sources itself, which is
 * slower, and makes it about 15 MB larger for its lifetime.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CACHE = join(ROOT, "node_modules/.cache/node");
const SOURCES = ["fhir", "mesh", "store", "federation", "mixins", "services", "scripts", "moleculer.config.ts"];
/** Time limit of that start; after it the children start without the cache. Milliseconds. */
const START_TIMEOUT_MS = 20_000;

/**
 * Starts the whole system once in a temporary folder, unless that was done for these sources.
 * @param flags of the children; code compiled under other flags cannot be used by them
 */
export async function warmUp(flags: string[]): Promise<void> {
  const mark = join(CACHE, `warm-${fingerprint(flags)}`);
  if (existsSync(mark)) return;
  const dataDir = mkdtempSync(join(tmpdir(), "openward-warm-"));
  const env = {
    ...process.env,
    DATA_DIR: dataDir,
    PORT: "0",
    HOST: "127.0.0.1",
    TLS_CERT: "",
    TLS_KEY: "",
    LOG_LEVEL: "error",
    SERVICES: "",
    NATS_URL: "",
    MONGO_URL: "",
    REDIS_URL: "",
    // The process ends when the socket at that descriptor closes: it does not outlive the supervisor.
    OPENWARD_PARENT_FD: "3",
  };
  const args = [...flags, join(ROOT, "scripts/run.mjs"), "serve"];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.once("error", () => {}); // the children will report the cause better
  let isReady = false;
  child.stdio[3]?.on("error", () => {}); // its end follows
  child.stdout?.on("data", (chunk: Buffer) => {
    if (isReady || !chunk.includes("ready")) return;
    isReady = true;
    child.kill("SIGTERM");
  });
  await ended;
  clearTimeout(timer);
  rmSync(dataDir, { recursive: true, force: true });
  if (!isReady) return;
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(mark, "");
}

/** Changes with the flags and with every source file. */
function fingerprint(flags: string[]): string {
  const hash = createHash("sha256").update(flags.join(" ")).update(process.version);
  const add = (path: string): void => {
    const stat = statSync(path);
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(`${path} ${stat.mtimeMs} ${stat.size}`);
  };
  for (const name of SOURCES) add(join(ROOT, name));
  return hash.digest("hex").slice(0, 16);
}
