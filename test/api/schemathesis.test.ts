/** The API does what its OpenAPI document says: schemathesis makes up valid and invalid requests from it, the same ones each time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { schemathesis } from "../kit/test-programs.ts";
import { freePort } from "../../scripts/servers.mjs";
import { type Program, run } from "../kit/programs.ts";

const CONFIG = join(import.meta.dirname, "schemathesis.toml");
const SEED = "11";
/** Longest that one run may take, milliseconds; it takes about a minute on two idle cores. */
const LONGEST_MS = 600_000;
const TYPES = [
  ...["Patient", "Observation", "Encounter", "Location", "MedicationRequest", "Invoice", "Appointment"],
  ...["Condition", "Questionnaire", "DiagnosticReport"],
];

/** Keys that are made up come twice, with other requests: `idempotency.test.ts` has this header to itself. */
const withoutKeys = (name: string, value: unknown) =>
  name === "parameters" && Array.isArray(value) ? value.filter((one) => !JSON.stringify(one).match(/idempotency-?key/i)) : value;

let dir: string;
let document: string;
let base: string;
let node: Program;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "openward-api-"));
  chmodSync(dir, 0o700);
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  const env = { NATS_URL: "", REDIS_URL: "", MONGO_URL: "", SERVICES: "", LOG_LEVEL: "error" };
  node = run(["serve"], { ...env, PORT: `${port}`, DATA_DIR: join(dir, "data") });
  await node.says(/is ready/);
  document = join(dir, "openapi.json");
  const told = await (await fetch(`${base}/openapi.json`)).json();
  writeFileSync(document, JSON.stringify(told, withoutKeys));
});
afterAll(async () => {
  node?.child.kill("SIGKILL");
  await node?.ended;
  rmSync(dir, { recursive: true });
});

/**
 * @param paths a regular expression
 * @param phases `coverage`: the edges of each schema, one by one; `fuzzing`: requests that are made up
 * @param examples requests made up for each operation
 */
async function findings(paths: string, phases: string, examples: number): Promise<{ tested: number; operations: number; found: string }> {
  const program = await schemathesis();
  const child = spawn(
    program,
    [
      ...["--config-file", CONFIG, "run", document, "--url", base, "--include-path-regex", paths],
      ...["--phases", phases, "--seed", SEED, "--max-examples", `${examples}`, "--generation-database", "none"],
      ...["--warnings", "off", "--no-color"],
    ],
    { cwd: dir, stdio: ["ignore", "pipe", "pipe"], timeout: LONGEST_MS, env: { ...process.env, PYTHONHASHSEED: "0" } },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const [code] = await once(child, "close");
  const [, operations = "0"] = /Tested: (\d+)/.exec(said) ?? [];
  const [, tested = "0"] = /([\d]+) generated/.exec(said) ?? [];
  return { tested: Number(tested), operations: Number(operations), found: code === 0 ? "" : said.slice(-20_000) };
}

describe("the API", () => {
  it("conforms to its document under /api", async () => {
    const { tested, operations, found } = await findings("^/api/", "coverage,fuzzing", 3);
    expect(found).toBe("");
    expect(operations).toBeGreaterThan(20);
    expect(tested).toBeGreaterThan(500);
  }, 900_000);

  const ofTypes = (types: string[]) => `^/fhir(?:/(?:metadata|_history|\\$meta)|/(?:${types.join("|")})(?:/.*)?)?$`;

  it("conforms to its document under /fhir, for ten types", async () => {
    const { tested, operations, found } = await findings(ofTypes(TYPES), "fuzzing", 2);
    expect(found).toBe("");
    expect(operations).toBeGreaterThan(100);
    expect(tested).toBeGreaterThan(170);
  }, 900_000);

  it("conforms to it at the limits of each schema, for two of them", async () => {
    const { tested, operations, found } = await findings(ofTypes(["Observation", "Patient"]), "coverage", 1);
    expect(found).toBe("");
    expect(operations).toBeGreaterThan(20);
    expect(tested).toBeGreaterThan(1_000);
  }, 900_000);

  it("has had no internal error meanwhile", () => {
    expect(node.output()).not.toMatch(/ERROR|FATAL/);
  });
});
