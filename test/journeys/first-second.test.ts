/** A mesh that starts, asked from its first moment on: what it answers with 200 is right, and nothing that it serves is "not there". */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fhirAt } from "../kit/fhir-http.ts";
import { startMesh } from "../kit/mesh.ts";

const SERVICES = ["api", "transactions", "patients", "lab", "records", "visits", "hospitalizations"];
const category = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
const SUBJECT = { reference: "Patient/ann" };

/** Paths whose answers lie with several services. */
const QUESTIONS = [
  "/Observation?subject:Patient.name=rossi",
  "/Patient?_has:Observation:subject:code=x",
  "/Patient?_revinclude=Observation:subject",
  "/Patient/ann/$everything",
  "/Patient/ann/Observation",
  "/Observation?_include=Observation:subject",
  "/Encounter?subject=Patient/ann",
  "/Observation/_history",
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("the first second of a mesh", () => {
  let dataDir: string;
  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), "openward-first-"));
  });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it("has no wrong answer, from before it is ready until all nodes have joined", async () => {
    const MESH_NAME = `first-${process.pid}`;
    const written = await startMesh({ services: SERVICES, dataDir, env: { MESH_NAME } });
    const fhir = fhirAt(written.base);
    await fhir.send("PUT", "/Patient/ann", { resourceType: "Patient", id: "ann", name: [{ family: "Rossi" }] });
    for (const one of [{ category }, {}]) {
      await fhir.create({
        resourceType: "Observation",
        status: "final",
        code: { text: "x", coding: [{ code: "x" }] },
        subject: SUBJECT,
        ...one,
      });
    }
    for (const code of ["AMB", "IMP"]) {
      await fhir.create({ resourceType: "Encounter", status: "finished", class: { code }, subject: SUBJECT });
    }
    const idsIn = (body: { entry?: { resource: { resourceType: string; id: string } }[] }): string[] =>
      (body.entry ?? []).map(({ resource }) => `${resource.resourceType}/${resource.id}`).sort();
    const truth = new Map<string, string[]>();
    for (const question of QUESTIONS) truth.set(question, idsIn((await fhir.get(question)).body));
    expect([...truth.values()].map(({ length }) => length)).toEqual([2, 1, 3, 5, 2, 3, 2, 2]);
    await written.stop();

    const port = await freePort();
    let isOver = false;
    const seen = { right: 0, unavailable: 0, wrong: [] as string[] };
    const asking = QUESTIONS.map(async (question) => {
      const late = fhirAt(`http://127.0.0.1:${port}`);
      while (!isOver) {
        const answer = await late.get(question).catch(() => undefined);
        if (!answer) {
          await new Promise((resolve) => setImmediate(resolve));
        } // nobody listens yet
        else if (answer.status === 503) seen.unavailable += 1;
        else if (answer.status === 200 && JSON.stringify(idsIn(answer.body)) === JSON.stringify(truth.get(question))) seen.right += 1;
        else seen.wrong.push(`${question}: ${answer.status} ${idsIn(answer.body)}`);
      }
    });
    const mesh = await startMesh({ services: SERVICES, dataDir, isAtOnce: true, env: { MESH_NAME, PORT: String(port) } });
    // Ready means seen: from now on nothing is refused either.
    const before = seen.unavailable;
    const [first] = QUESTIONS;
    for (let index = 0; index < 50; index += 1) expect((await fhirAt(mesh.base).get(first as string)).status).toBe(200);
    isOver = true;
    await Promise.all(asking);
    await mesh.stop();
    expect(seen.wrong).toEqual([]);
    expect(seen.unavailable).toBe(before);
    expect(seen.right).toBeGreaterThan(QUESTIONS.length);
  });
});
