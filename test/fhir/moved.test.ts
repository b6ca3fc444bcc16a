import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** An Encounter goes from the visits to the hospitalizations and back when its class changes; to a client it stays where it is. */
describe("an encounter that has moved", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "visits", "hospitalizations", "records"],
      nats: false,
      split: "broker",
    });
    fhir = fhirAt(mesh.base);
    for (const code of ["AMB", "IMP", "AMB"]) {
      const { status } = await fhir.send("PUT", "/Encounter/moved", {
        resourceType: "Encounter",
        id: "moved",
        status: "finished",
        class: { code },
      });
      expect([200, 201]).toContain(status);
    }
  });
  afterAll(() => mesh.stop());

  it("has one current version, in every history", async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    for (const path of ["/Encounter/moved/_history", "/Encounter/_history", "/_history"]) {
      const { body } = await fhir.get(`${path}?_at=${tomorrow}`);
      expect([path, body.total, body.entry[0].response.etag]).toEqual([path, 1, 'W/"3"']);
    }
    expect((await fhir.get("/Encounter/moved/_history")).body.total).toBe(3);
  });

  it("is found in a list that names a version of it", async () => {
    const entry = [{ item: { reference: "Encounter/moved/_history/1" } }];
    const { body } = await fhir.create({ resourceType: "List", status: "current", mode: "working", entry });
    expect((await fhir.get(`/Encounter?_list=${body.id}`)).body.total).toBe(1);
  });

  it("is included completely if only some elements of the referring resource are requested", async () => {
    const condition = { resourceType: "Condition", id: "c", subject: { display: "somebody" }, encounter: { reference: "Encounter/moved" } };
    await fhir.send("PUT", "/Condition/c", condition);
    const { body } = await fhir.get("/Condition?_id=c&_elements=subject&_include=Condition:encounter");
    const [match, included] = body.entry;
    expect(match.resource.meta.tag[0].code).toBe("SUBSETTED");
    expect(included.resource).toMatchObject({ status: "finished", class: { code: "AMB" } });
    expect(included.resource.meta.tag).toBeUndefined();
  });

  it("can be read by a form with its format, and with empty parameters", async () => {
    const form = (body: string) => fhir.send("POST", "/Encounter/_search", body, { "Content-Type": "application/x-www-form-urlencoded" });
    expect(await form("_id=moved&_format=xml")).toMatchObject({ status: 406 });
    expect((await form("_id=moved&_format=json&_pretty=true")).text).toMatch(/^\{\n/);
    for (const name of ["_elements", "_summary", "_format", "_pretty"]) {
      const { status, body } = await fhir.get(`/Encounter/moved?${name}=`);
      expect([name, status, body.class]).toEqual([name, 200, { code: "AMB" }]);
    }
    for (const name of ["_since", "_at", "_count"]) expect((await fhir.get(`/Encounter/moved/_history?${name}=`)).body.total).toBe(3);
  });

  it("was created again by the update after its deletion", async () => {
    await fhir.send("DELETE", "/Condition/c"); // it rests on the encounter
    await fhir.send("DELETE", "/Encounter/moved");
    await fhir.send("PUT", "/Encounter/moved", { resourceType: "Encounter", id: "moved", status: "finished", class: { code: "IMP" } });
    const { body } = await fhir.get("/Encounter/moved/_history");
    expect(body.entry.map((it: { response: { status: string } }) => it.response.status)).toEqual(["201", "204", "200", "200", "201"]);
    expect(await fhir.get("/Encounter/never/_history")).toMatchObject({ status: 404, body: outcomeWith("not-found") });
  });
});
