/** What a gateway owes its clients is kept in the journal. */
import { anomaliesOf } from "../../mesh/anomalies.ts";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { journal } from "../../services/journal/journal.contract.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

let mesh: Mesh;
beforeAll(async () => {
  // A member of the system that does not run.
  const services = ["api", "journal", "patients"];
  mesh = await startMesh({ services, nats: false, split: "broker", env: { MEMBERS: "api,journal,patients,lab" } });
});
afterAll(() => mesh?.stop());

it("answers 5xx become anomalies by the error's type and one request's id, without path, query or body", async () => {
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
