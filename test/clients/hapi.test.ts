import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { registerProgram } from "../identity/program.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, "hapi");
/** Maven fetches a hundred packages on a machine that has none of them. */
const BUILD_MS = 600_000;

/** HAPI FHIR's own Java client with an access token, as applications use it (`hapi/`). Where java or mvn is missing, this file is not listed: test/kit/tools.ts. */
describe("HAPI's Java client", () => {
  let mesh: Mesh;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "openward-hapi-"));
    cpSync(SOURCE, folder, { recursive: true });
    [mesh] = await Promise.all([
      startMesh({
        services: ["api", "transactions", "patients", "records", "visits", "hospitalizations", "lab", "identity", "ledger"],
        env: { ACCESS: "closed", MESH_NAME: `hapi-${process.pid}` },
      }),
      run("mvn", ["--quiet", "--batch-mode", "-Dstyle.color=never", "compile"], { cwd: folder, timeout: BUILD_MS }),
    ]);
  }, BUILD_MS);
  afterAll(async () => {
    await mesh?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it(
    "does all that applications do with it",
    async () => {
      const token = await (await registerProgram(mesh, "java")).token();
      const args = ["--quiet", "--batch-mode", "-Dstyle.color=never", "exec:java", `-Dexec.args=${mesh.base}/fhir ${token}`];
      const said = await run("mvn", args, { cwd: folder, timeout: BUILD_MS }).catch((error: { stdout: string }) => error);
      expect(said.stdout.split("\n").flatMap((line) => /(?:ok|failed) .*$/.exec(line) ?? [])).toEqual([
        "ok capabilities",
        "ok create, read, update, patch, delete",
        "ok conditional create",
        "ok conditional update and delete",
        "ok id and version after an update without content",
        "ok bundle builder",
        "ok links in a transaction's conditions",
        "ok search with pages",
        "ok history",
        "ok a subset is refused",
      ]);
    },
    BUILD_MS,
  );
});
