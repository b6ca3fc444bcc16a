/** Services whose data a caller may not see: whether they are available makes no difference to that caller. */
import { App } from "../identity/app.ts";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const SCOPE = "openid user/*.cruds";

describe("while the ledger is down", () => {
  let mesh: Mesh;
  let physician: FhirHttp;
  let auditor: FhirHttp;
  let patient: string;
  const before = new Map<string, number>();

  /** What is asked across types. */
  const paths = () => [`/Patient/${patient}/$everything`, `/Patient/${patient}/*`, "?_lastUpdated=gt2020-01-01", "?_summary=count"];

  beforeAll(async () => {
    const services = ["api", "transactions", "patients", "records", "identity", "ledger"];
    mesh = await startMesh({ services, replicas: { ledger: 1 }, split: "broker", env: { ACCESS: "closed" } });
    const app = await App.register(mesh, ["physician"], SCOPE);
    physician = fhirAt(mesh.base, (await app.signIn(SCOPE)).access_token);
    const withEntries = await app.alsoFor("auditor", ["auditor", "physician"]);
    auditor = fhirAt(mesh.base, (await withEntries.signIn(SCOPE)).access_token);
    patient = (await physician.create({ resourceType: "Patient", name: [{ family: "Beyond" }] })).body.id;
    await physician.create({ resourceType: "Condition", subject: { reference: `Patient/${patient}` } });
    for (const path of paths()) before.set(path, (await physician.get(path)).body.total);
    await mesh.nodes.find(({ services }) => services.includes("ledger"))?.stop();
    await eventually(
      async () => (await (await fetch(`${mesh.base}/health/ready`)).json()) as { missing?: string[] },
      ({ missing }) => missing?.includes("ledger") === true,
    );
  });
  afterAll(() => mesh?.stop());

  it("a physician, who may see no audit entries, finds what she found before", async () => {
    for (const path of paths()) {
      const { status, body } = await physician.get(path);
      expect([path, status, body.total]).toEqual([path, 200, before.get(path)]);
    }
    expect((await physician.get("/_history")).status).toBe(200);
    expect((await physician.get("/$meta")).status).toBe(200);
  });

  it("somebody who sees audit entries is told that they cannot be had, or gets no total", async () => {
    for (const path of [...paths(), "/_history"]) {
      const { status, body } = await auditor.get(path);
      expect([path, status, body.issue?.[0]]).toEqual([path, 503, expect.objectContaining({ code: "transient" })]);
    }
    const { status, body } = await auditor.get(`/Patient/${patient}/*`, { Prefer: "handling=lenient" });
    expect([status, body.total]).toEqual([200, undefined]);
  });
});
