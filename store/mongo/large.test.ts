/** Writes that come near the size of MongoDB's documents. */
import { create, inBed, remove, update } from "../../test/kit/resources.ts";
import { fhirAt } from "../../test/kit/fhir-http.ts";
import { type Mesh, startMesh } from "../../test/kit/mesh.ts";
import { freshStore, mongoKit } from "../../test/kit/stores.ts";

describe("on MongoDB, whose documents are limited to 16 MB,", () => {
  const opened = freshStore(mongoKit);
  const MEGABYTE = 1024 * 1024;
  const scan = (megabytes: number) => ({ body: { meta: "", rest: `,"data":"${"a".repeat(megabytes * MEGABYTE)}"}` } });

  it("a transaction of 20 MB is prepared and committed, or aborted, as a whole", async () => {
    const { store } = opened;
    const steps = Array.from({ length: 5 }, (_, index) => create(`scan${index}`, {}, { ...scan(4), ...inBed(`${index}`) }));
    await store.prepare("dropped", steps);
    await store.abort("dropped");
    expect(await store.count("Patient", [])).toBe(0);
    await store.prepare("kept", [...steps, { op: "add", counter: "scans", by: 5 }]);
    await expect(store.write([create("late", {}, inBed("4"))])).rejects.toMatchObject({ type: "LOCKED" });
    expect(await store.commit("kept", Date.now())).toEqual(["Patient"]);
    expect([await store.count("Patient", []), await store.counter("scans"), await store.prepared()]).toEqual([5, 5, []]);
    expect((await store.read("Patient", "scan4"))?.json).toHaveLength(((await store.read("Patient", "scan0"))?.json ?? "").length);
    await expect(store.write([create("late", {}, inBed("4"))])).rejects.toMatchObject({ type: "BED_OCCUPIED" });
    await store.write(steps.map((_, index) => remove(`scan${index}`)));
  });

  it("a resource that is too large is refused with its size, in a write and in a transaction, and nothing of it is stored", async () => {
    const { store } = opened;
    const refused = { type: "RESOURCE_TOO_LARGE", step: 1, data: { id: "film", limit: 12 * MEGABYTE } };
    await expect(store.write([create("ann"), create("film", {}, scan(13))])).rejects.toMatchObject(refused);
    await expect(store.prepare("tx", [create("ann"), update("film", {}, scan(13))])).rejects.toMatchObject(refused);
    expect([await store.read("Patient", "ann"), await store.prepared()]).toEqual([undefined, []]);
    await store.prepare("tx", [create("film", {}, scan(11))]);
    await store.commit("tx", Date.now());
    expect(await store.read("Patient", "film")).toMatchObject({ version: 1 });
  });
});

describe("a scanned film of 13 MB on MongoDB", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "records", "transactions"], store: "mongo", nats: false, split: "broker" });
  });
  afterAll(() => mesh?.stop());

  it("is refused with 413 and the limit, alone and in a transaction, and later ones are stored", async () => {
    const fhir = fhirAt(mesh.base);
    const film = { resourceType: "Binary", id: "film", contentType: "application/dicom", data: "AAAA".repeat(3.25 * 1024 * 1024) };
    const alone = await fhir.send("PUT", "/Binary/film", film);
    expect([alone.status, alone.body.issue[0]]).toEqual([
      413,
      expect.objectContaining({ code: "too-long", diagnostics: expect.stringContaining("it may have 12582912 bytes") }),
    ]);
    const entry = [
      { request: { method: "PUT", url: "Basic/note" }, resource: { resourceType: "Basic", id: "note", code: { text: "x" } } },
      { request: { method: "PUT", url: "Binary/film" }, resource: film },
    ];
    expect((await fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).status).toBe(413);
    expect((await fhir.get("/Basic/note")).status).toBe(404);
    expect((await fhir.send("PUT", "/Binary/film", { ...film, data: "AAAA" })).status).toBe(201);
  });
});
