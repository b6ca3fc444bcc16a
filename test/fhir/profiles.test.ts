import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { profileOfPatient } from "../kit/profiles.ts";
import { runningMs } from "../kit/running-time.ts";

const URL = "http://example.org/StructureDefinition/patient-with-number";
const profile = profileOfPatient(URL, [{ id: "Patient.identifier", path: "Patient.identifier", min: 1 }]);
const patient = (more: object = {}) => ({ resourceType: "Patient", meta: { profile: [URL] }, ...more });

/** Profiles that are stored hold for who says that it keeps them, whichever service owns it (R4, profiling.html). */
describe("a profile", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "patients", "records"] });
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh.stop());

  it("that is not stored requires nothing", async () => {
    expect((await fhir.create(patient())).status).toBe(201);
    expect((await fhir.send("POST", `/Patient/$validate?profile=${URL}`, { resourceType: "Patient" })).body).toEqual(
      outcomeWith("not-found"),
    );
  });

  it("that is stored is checked for resources that claim it, and no others", async () => {
    expect((await fhir.create(profile)).status).toBe(201);
    const identifier = [{ system: "urn:mrn", value: "1" }];
    // The patients' service hears of the profile over the mesh.
    const deadline = runningMs() + 2_000;
    let refused = await fhir.create(patient());
    while (refused.status !== 422 && runningMs() < deadline) refused = await fhir.create(patient());
    expect(refused).toMatchObject({ status: 422, body: { issue: [{ expression: ["Patient.identifier"] }] } });
    expect((await fhir.create(patient({ identifier }))).status).toBe(201);
    expect((await fhir.create({ resourceType: "Patient" })).status).toBe(201);
  });

  it("that is stored by a transaction over several services is checked from then on as well", async () => {
    const later = "http://example.org/StructureDefinition/later";
    const claiming = { resourceType: "Patient", meta: { profile: [later] } };
    expect((await fhir.create(claiming)).status).toBe(201); // now it is known that there is none
    const entry = [{ ...profile, url: later }, { resourceType: "Patient" }].map((resource) => ({
      resource,
      request: { method: "POST", url: resource.resourceType },
    }));
    expect((await fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).status).toBe(200);
    const deadline = runningMs() + 2_000; // for the news; without them it would be asked again after ten seconds
    let status = 201;
    while (status === 201 && runningMs() < deadline) ({ status } = await fhir.create(claiming));
    expect(status).toBe(422);
  });

  it("can be checked for any resource by $validate", async () => {
    const validate = (resource: object) => fhir.send("POST", `/Patient/$validate?profile=${URL}`, resource);
    expect((await validate({ resourceType: "Patient" })).body.issue[0]).toMatchObject({ severity: "error" });
    expect((await validate({ resourceType: "Patient", identifier: [{ value: "1" }] })).body).toEqual(outcomeWith("informational"));
  });

  it("of R4 itself is known, and need not be stored", async () => {
    const base = "http://hl7.org/fhir/StructureDefinition";
    const validate = (address: string, resource: object) => fhir.send("POST", `/Patient/$validate?profile=${address}`, resource);
    expect((await validate(`${base}/Patient`, { resourceType: "Patient" })).body).toEqual(outcomeWith("informational"));
    expect((await validate(`${base}/Patient|4.0.1`, { resourceType: "Patient", gender: "x" })).body).toEqual(outcomeWith("code-invalid"));
    expect((await validate(`${base}/Observation`, { resourceType: "Patient" })).body).toEqual(outcomeWith("value"));
  });

  it("is not needed to validate a deletion", async () => {
    const { id } = (await fhir.create({ resourceType: "Patient" })).body;
    for (const query of ["?mode=delete", ""]) {
      expect((await fhir.send("POST", `/Patient/${id}/$validate${query}`)).body).toEqual(outcomeWith("informational"));
    }
    expect((await fhir.send("POST", "/Patient/nobody/$validate?mode=delete")).status).toBe(404);
    expect((await fhir.send("POST", "/Patient/$validate")).body).toEqual(outcomeWith("required"));
  });
});
