import { fhirMesh } from "../kit/fhir-mesh.ts";
import { outcomeWith } from "../kit/fhir-http.ts";

/** Code lists are the largest resources of a hospital: one url, one resource. */
describe("a code system with as many codes as the French ICD-10", () => {
  const at = fhirMesh(["api", "transactions", "codification", "patients"]);

  const CODES = 43_000;
  const codes = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      code: `A${index}`,
      display: `Disease ${index}`,
      designation: [{ language: "fr", value: `Maladie ${index}` }],
    }));
  const system = (count: number, more: object = {}) => ({
    resourceType: "CodeSystem",
    status: "active",
    content: "complete",
    url: "urn:example:icd-10-fr",
    concept: codes(count),
    ...more,
  });
  const minimal = { Prefer: "return=minimal" };

  it("is stored as a whole, changed, and found by any of its codes", async () => {
    const id = "icd-10-fr";
    expect((await at.fhir.send("PUT", `/CodeSystem/${id}`, system(CODES, { id }), minimal)).status).toBe(201);
    const patch = [{ op: "replace", path: "/status", value: "retired" }];
    const asPatch = { "Content-Type": "application/json-patch+json", ...minimal };
    expect((await at.fhir.send("PATCH", `/CodeSystem/${id}`, patch, asPatch)).status).toBe(200);
    const inBundle = { resource: system(CODES, { id }), request: { method: "PUT", url: `CodeSystem/${id}` } };
    expect((await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry: [inBundle] })).status).toBe(200);
    expect((await at.fhir.send("POST", "/CodeSystem/$validate", system(CODES))).body.issue).toMatchObject([{ severity: "information" }]);
    for (const code of ["A0", `A${CODES - 1}`]) {
      const { body } = await at.fhir.get(`/CodeSystem?code=${code}&_elements=url`);
      expect(body.entry).toMatchObject([{ resource: { id, url: "urn:example:icd-10-fr" } }]);
    }
    expect((await at.fhir.get(`/CodeSystem/${id}`)).body.concept).toHaveLength(CODES);
  });

  it("is bounded too, and no other resource may be as large", async () => {
    const tooMany = await at.fhir.create(system(66_000, { concept: codes(66_000).map(({ code }) => ({ code })) }));
    expect(tooMany).toMatchObject({ status: 422, body: outcomeWith("too-costly") });
    expect(tooMany.body.issue[0].diagnostics).toContain("fragment");
    const identifier = codes(CODES).map(({ code }) => ({ system: "urn:x", value: code }));
    const patient = await at.fhir.create({ resourceType: "Patient", identifier });
    expect(patient).toMatchObject({ status: 422, body: outcomeWith("too-costly") });
    expect(patient.text).not.toContain("fragment");
  });
});
