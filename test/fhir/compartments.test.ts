import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** Who is in a patient's compartment (FHIR R4, compartmentdefinition-patient.html). */
describe.each(["sqlite", "mongo"] as const)("the compartment of a patient, on %s", (store) => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "patients", "records"], nats: false, split: "broker", store });
    fhir = fhirAt(mesh.base);
    const other = { reference: "Patient/ada" };
    const patients: Record<string, object> = {
      ada: { link: [{ other: { reference: "Patient/ada-of-old" }, type: "replaces" }], gender: "female" },
      "ada-of-old": {},
      "ada-again": { link: [{ other, type: "seealso" }], gender: "female" },
      "ada-too": { link: [{ other, type: "refer" }], gender: "unknown" },
      "somebody-else": { link: [{ other: { reference: "Patient/ada-too" }, type: "seealso" }] },
    };
    for (const [id, more] of Object.entries(patients)) {
      const { status } = await fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id, ...more });
      if (status !== 201) throw new Error(`${id}: ${status}`);
    }
    for (const id of ["ada", "ada-again"]) await fhir.create({ resourceType: "Condition", subject: { reference: `Patient/${id}` } });
  });
  afterAll(() => mesh?.stop());

  const ids = (resources: Record<string, unknown>[]) => resources.map(({ id }) => id).sort();

  it("includes Patients that link to the Patient", async () => {
    const linked = ["ada", "ada-again", "ada-too"];
    for (const path of ["/Patient/ada/Patient", "/Patient/ada/*?_type=Patient", "/Patient/ada/$everything?_type=Patient"]) {
      expect(ids((await fhir.all(path)).resources)).toEqual(linked);
    }
    expect(ids((await fhir.all("/Patient/ada/Patient?_count=1")).resources)).toEqual(linked);
    expect(ids((await fhir.all("/Patient/ada/*?_count=1&_type=Patient&_sort=_lastUpdated")).resources)).toEqual(linked);
    expect(ids((await fhir.all("/Patient/ada/Patient?gender=female")).resources)).toEqual(["ada", "ada-again"]);
    expect((await fhir.get("/Patient/ada/Patient?_summary=count")).body.total).toBe(3);
    expect((await fhir.get("/Patient/ada/*?_summary=count")).body.total).toBe(4);
    expect(ids((await fhir.all("/Patient/somebody-else/Patient")).resources)).toEqual(["somebody-else"]);
  });

  it("does not include what is in their compartments", async () => {
    expect((await fhir.get("/Patient/ada/Condition")).body.total).toBe(1);
    expect((await fhir.all("/Patient/ada/$everything?_count=2")).resources).toHaveLength(4);
  });
});
