/** What servers are compared by (bench/harness) is taken here whole: rules are about a hospital's acts, not about storage. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const HARNESS = join(import.meta.dirname, "../../bench/harness.mjs");

describe("the loop of create, read, update, search and delete by which servers are compared", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    const services = ["api", "transactions", "patients", "personnel", "visits", "hospitalizations", "lab", "records", "billing"];
    mesh = await startMesh({ services, nats: false, split: "broker" });
  });
  afterAll(() => mesh?.stop());

  it("is refused nothing", async () => {
    const args = [HARNESS, "--base", `${mesh.base}/fhir`, "--what", "crud", "--seconds", "1"];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { errors, requests } = JSON.parse(stdout) as { errors: number; requests: number };
    expect(errors).toBe(0);
    expect(requests).toBeGreaterThan(20);
  });
});
