import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { fhirClients } from "../kit/test-programs.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const run = promisify(execFile);

/** Python's FHIR clients, as applications use them (`python/`). */
describe("Python's clients", () => {
  let mesh: Mesh;
  let python: string;
  beforeAll(async () => {
    [mesh, python] = await Promise.all([
      startMesh({ services: ["api", "transactions", "patients", "records", "visits", "lab"] }),
      fhirClients(),
    ]);
  });
  afterAll(() => mesh?.stop());

  const saysOf = async (script: string) => {
    const file = join(import.meta.dirname, "python", script);
    const { stdout } = await run(python, [file, `${mesh.base}/fhir`], {
      timeout: 60_000,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    });
    return stdout.trim().split("\n");
  };

  it("fhirpy does all that applications do with it", async () => {
    expect(await saysOf("with_fhirpy.py")).toEqual([
      "ok capabilities",
      "ok create, read, update, delete",
      "ok conditional create and update",
      "ok search with pages",
      "ok transaction, chain and include",
    ]);
  });

  it("fhirclient does all that applications do with it", async () => {
    expect(await saysOf("with_fhirclient.py")).toEqual([
      "ok create, read, update, delete",
      "ok search with pages",
      "ok transaction, chain and references",
    ]);
  });
});
