/**
 * The compiled form of the sources, made once before a dozen processes ask for it at the same moment. Each of them would
 * make its own instead: slower, and some 15 MB larger for as long as it lives.
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
/** A start that takes longer is not waited for: the children do without. Milliseconds. */
const START_TIMEOUT_MS = 20_000;

/**
 * Starts the whole system once, in a folder that is thrown away, unless that was done for these sources.
 * @param flags of the children; code compiled under other flags is of no use to them
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
    // It leaves when the socket at that descriptor closes: it does not outlive the supervisor.
    OPENWARD_PARENT_FD: "3",
  };
  const args = [...flags, join(ROOT, "scripts/run.mjs"), "serve"];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.once("error", () => {}); // the children will tell better what is wrong
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
