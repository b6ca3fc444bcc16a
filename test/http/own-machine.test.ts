/** Open access ends at this machine, also behind a proxy that nobody has named in the settings. */
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const SERVICES = ["api", "transactions", "patients"];

describe("a gateway with open access", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: SERVICES, nats: false, split: "broker" });
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh.stop());

  it.each(["198.51.100.7", "127.0.0.1, 198.51.100.7", "198.51.100.7, ::1", "2001:db8::1", "10.0.0.7:1234", "unknown"])(
    "refuses what a proxy passes on for %s: reads, writes, actions and pages",
    async (address) => {
      const headers = { "X-Forwarded-For": address };
      expect(await fhir.get("/Patient", headers)).toMatchObject({ status: 403, text: expect.stringContaining("ACCESS=closed") });
      expect(await fhir.create({ resourceType: "Patient" }, headers)).toMatchObject({ status: 403 });
      for (const path of ["/api/patients/listDuplicates", "/desk/"]) expect((await fetch(mesh.base + path, { headers })).status).toBe(403);
    },
  );

  it.each(["127.0.0.1", "127.0.0.1:4711, [::1]:80"])("answers programs on this machine, also by a proxy: %s", async (address) => {
    expect((await fhir.get("/Patient", { "X-Forwarded-For": address })).status).toBe(200);
    expect((await fhir.get("/Patient")).status).toBe(200);
  });

  it("is alive for whoever watches it", async () => {
    const { status } = await fetch(`${mesh.base}/health/live`, { headers: { "X-Forwarded-For": "198.51.100.7" } });
    expect(status).toBe(200);
  });
});

it("a gateway whose settings name the proxy distinguishes its clients by what it says", async () => {
  const mesh = await startMesh({ services: SERVICES, nats: false, split: "broker", env: { TRUSTED_PROXIES: "127.0.0.0/8,::1/128" } });
  expect((await fhirAt(mesh.base).get("/Patient", { "X-Forwarded-For": "198.51.100.7" })).status).toBe(200);
  await mesh.stop();
});
