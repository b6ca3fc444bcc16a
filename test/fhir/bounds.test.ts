import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** What is too much for one answer is refused, with what would narrow it: never a part in silence, never memory without bound. */
describe("an answer that would be too large", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "records"],
      nats: false,
      split: "broker",
      env: { CONDITIONAL_DELETE: "multiple" },
    });
    fhir = fhirAt(mesh.base);
    for (const id of ["busy", "verbose"]) await fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id });
  });
  afterAll(() => mesh?.stop());

  const observation = (patient: string, code: string, more: object = {}) => ({
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ system: "urn:c", code }] },
    subject: { reference: `Patient/${patient}` },
    ...more,
  });
  const tooCostly = { status: 400, body: outcomeWith("too-costly") };

  it("is refused: many resources, included or examined", async () => {
    for (const size of [10_000, 10_000, 1]) {
      const entry = Array.from({ length: size }, (_, index) => ({
        resource: observation("busy", `${index % 3}`),
        request: { method: "POST", url: "Observation" },
      }));
      expect((await fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).status).toBe(200);
    }
    expect(await fhir.get("/Patient?_id=busy&_revinclude=Observation:subject")).toMatchObject(tooCostly);
    expect(await fhir.get("/Observation/$lastn?patient=busy")).toMatchObject(tooCostly);
    expect(await fhir.get("/Observation/$lastn?patient=busy&code=urn:c|1")).toMatchObject({ status: 200, body: { total: 1 } });

    expect(await fhir.send("DELETE", "/Observation?subject=Patient/busy")).toMatchObject(tooCostly);
    expect(await fhir.get("/Observation?subject=Patient/busy&_summary=count")).toMatchObject({ body: { total: 20_001 } });
  });

  it("is not made smaller by _count: several deletions with it are refused, one is made", async () => {
    for (let index = 0; index < 3; index += 1) await fhir.create(observation("verbose", "deleted"));
    const deleted = "Observation?code=urn:c|deleted";
    const found = async () => (await fhir.get(`/${deleted}&_summary=count`)).body.total;
    expect(await fhir.send("DELETE", `/${deleted}&_count=1`)).toMatchObject({ status: 400, body: outcomeWith("not-supported") });
    expect(await found()).toBe(3);
    expect((await fhir.send("DELETE", `/${deleted}`)).status).toBe(204);
    expect(await found()).toBe(0);
    await fhir.create(observation("verbose", "deleted"));
    expect((await fhir.send("DELETE", `/${deleted}&_count=1`)).status).toBe(204);
    expect(await found()).toBe(0);
  });

  it("is refused: large resources without pages", async () => {
    const note = Array.from({ length: 5 }, () => ({ text: "x".repeat(900_000) })); // R4 ends a string at 1 MB
    for (const code of ["a", "b", "c", "d"]) expect((await fhir.create(observation("verbose", code, { note }))).status).toBe(201);
    expect(await fhir.get("/Observation/$lastn?patient=verbose")).toMatchObject(tooCostly);
    expect(await fhir.get("/Observation/$lastn?patient=verbose&code=urn:c|a")).toMatchObject({ status: 200, body: { total: 1 } });
    expect(await fhir.get("/Patient?_id=verbose&_revinclude=Observation:subject")).toMatchObject(tooCostly);
  });

  it("is refused: too many tags", async () => {
    for (let index = 0; index < 101; index += 1) {
      const tag = Array.from({ length: 100 }, (_, place) => ({ system: "urn:t", code: `${index}-${place}` }));
      expect((await fhir.create({ resourceType: "Basic", code: { text: "x" }, meta: { tag } })).status).toBe(201);
    }
    expect(await fhir.get("/Basic/$meta")).toMatchObject(tooCostly);
    expect(await fhir.get("/$meta")).toMatchObject(tooCostly);
    expect((await fhir.get("/Patient/$meta")).status).toBe(200);
  });
});
