/** What a gateway owes its clients is kept in the journal. */
import { anomaliesOf } from "../../mesh/anomalies.ts";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { journal } from "../../services/journal/journal.contract.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

type Fhir = ReturnType<typeof fhirAt>;

let mesh: Mesh;
beforeAll(async () => {
  // A member of the system that does not run.
  const services = ["api", "journal", "patients"];
  mesh = await startMesh({ services, nats: false, split: "broker", env: { MEMBERS: "api,journal,patients,lab" } });
});
afterAll(() => mesh?.stop());

it("answers 5xx become anomalies with the error's type and one request's id, without path, query or body", async () => {
  const fhir = fhirAt(mesh.base);
  const down = await fhir.get("/ServiceRequest/secret-id?family=rossi", { "X-Request-ID": "the-request" });
  expect(down.status).toBe(503);
  expect((await fhir.get("/ServiceRequest?code=secret-code")).status).toBe(503);
  // What a client did wrong, and what nobody offers.
  expect((await fhir.get("/Patient/none")).status).toBe(404);
  expect((await fhir.send("PROPFIND", "/Patient")).status).toBeLessThan(500);
  expect((await fhir.get("/Patient/$export")).status).toBe(501);
  await anomaliesOf(mesh.caller).flush();
  const known = await journal.list(mesh.caller, {});
  expect(known).toMatchObject([
    { kind: AnomalyKind.failedRequest, subject: "OWNER_DOWN", status: 503, trace: "the-request", count: 2, node: mesh.caller.nodeID },
  ]);
  expect(JSON.stringify(known)).not.toMatch(/secret|rossi|ServiceRequest/);
});

describe("an answer names the service that does not answer", () => {
  const named = [{ system: "urn:openward:service", code: "lab" }];
  const order = { resourceType: "ServiceRequest", status: "active", intent: "order", subject: { reference: "Patient/1" } };

  it.each([
    ["a read", (fhir: Fhir) => fhir.get("/ServiceRequest/1")],
    ["a search that wants all of it", (fhir: Fhir) => fhir.get("/ServiceRequest?code=x", { Prefer: "handling=strict" })],
    ["a write", (fhir: Fhir) => fhir.send("POST", "/ServiceRequest", order)],
    ["a history", (fhir: Fhir) => fhir.get("/ServiceRequest/_history")],
  ])("to %s by FHIR", async (_, ask) => {
    const answer = await ask(fhirAt(mesh.base));
    expect([answer.status, answer.body]).toMatchObject([503, { issue: [{ code: "transient", details: { coding: named } }] }]);
  });

  it("to a search that returns what it can", async () => {
    const { status, body } = await fhirAt(mesh.base).get("/ServiceRequest?code=x", { Prefer: "handling=lenient" });
    expect([status, body]).toMatchObject([200, { entry: [{ resource: { issue: [{ code: "incomplete", details: { coding: named } }] } }] }]);
  });

  it("to an action", async () => {
    const answer = await fetch(`${mesh.base}/api/lab/worklist`);
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { error: expect.objectContaining({ code: 503, type: "SERVICE_DOWN", data: { service: "lab" } }) },
    ]);
  });

  it("and a refusal names none", async () => {
    const [none, unknown] = [await fhirAt(mesh.base).get("/Patient/none"), await fetch(`${mesh.base}/api/lab2/worklist`)];
    expect([none.status, none.body]).toEqual([
      404,
      expect.objectContaining({ issue: [expect.not.objectContaining({ details: expect.anything() })] }),
    ]);
    expect([unknown.status, await unknown.json()]).toEqual([404, { error: expect.not.objectContaining({ data: expect.anything() }) }]);
  });
});
