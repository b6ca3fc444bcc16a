/** What is handed out is counted to the unit: against every prescription that it names, and off the shelf that it came from. */

import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

describe("Dispensing", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "records", "visits", "pharmacy"],
      nats: false,
      split: "broker",
    });
    fhir = fhirAt(mesh.base);
    for (const id of ["p", "q"]) await put({ resourceType: "Patient", id });
  }, 60_000);
  afterAll(() => mesh?.stop(), 60_000);

  const subject = { reference: "Patient/p" };
  const concept = (...codes: string[]) => ({ coding: codes.map((code) => ({ system: "urn:rx", code })) });
  const prescription = (id: string, quantity: number | undefined, more: object = {}) => ({
    resourceType: "MedicationRequest",
    id,
    status: "active",
    intent: "order",
    medicationCodeableConcept: concept("x"),
    subject,
    ...(quantity !== undefined && { dispenseRequest: { quantity: { value: quantity } } }),
    ...more,
  });
  const dispense = (quantity: number, prescriptions: string[], more: object = {}) => ({
    resourceType: "MedicationDispense",
    status: "completed",
    medicationCodeableConcept: concept("x"),
    subject,
    quantity: { value: quantity },
    authorizingPrescription: prescriptions.map((id) => ({ reference: id.includes(":") ? id : `MedicationRequest/${id}` })),
    ...more,
  });
  type Json = Record<string, unknown> & { resourceType: string; id?: string };
  const put = (it: Json & { id: string }) => fhir.send("PUT", `/${it.resourceType}/${it.id}`, it);
  const entryOf = (it: Json, fullUrl?: string) => ({
    ...(fullUrl && { fullUrl }),
    resource: it,
    request: it.id === undefined ? { method: "POST", url: it.resourceType } : { method: "PUT", url: `${it.resourceType}/${it.id}` },
  });
  const together = (...entry: object[]) => fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
  const statusOf = async (id: string) => (await fhir.get(`/MedicationRequest/${id}`)).body.status;

  it("counts decimals: three tenths are dispensed one by one, and complete the prescription", async () => {
    await put(prescription("tenths", 0.3));
    for (const _ of [1, 2, 3]) expect(await fhir.create(dispense(0.1, ["tenths"]))).toMatchObject({ status: 201 });
    expect(await statusOf("tenths")).toBe("completed");
    expect(await fhir.create(dispense(0.1, ["tenths"]))).toMatchObject({ status: 409 });
  });

  it("holds in one transaction with its prescription, which it completes there", async () => {
    const url = "urn:uuid:0190a3f0-0000-7000-8000-000000000001";
    await put(prescription("known", 10));
    const tooMuch = { status: 409, body: { issue: [{ code: "business-rule" }] } };
    expect(await together(entryOf(prescription("known", 10)), entryOf(dispense(11, ["known"])))).toMatchObject(tooMuch);
    const { id: _, ...made } = prescription("", 10);
    expect(await together(entryOf(made, url), entryOf(dispense(11, [url])))).toMatchObject(tooMuch);
    expect(await together(entryOf(prescription("known", 10)), entryOf(dispense(4, ["known"])))).toMatchObject({ status: 200 });
    expect(await statusOf("known")).toBe("active");
    const { status, body } = await together(entryOf(dispense(10, [url])), entryOf(made, url));
    expect(status).toBe(200);
    const [, place] = body.entry[1].response.location.match(/MedicationRequest\/([^/]+)/);
    expect(await statusOf(place)).toBe("completed");
    expect(await together(entryOf(prescription("known", 10)), entryOf(dispense(6, ["known"])))).toMatchObject({ status: 200 });
    expect([await statusOf("known"), (await fhir.get("/MedicationRequest/known")).body.meta.versionId]).toEqual(["completed", "3"]);
  });
});
