import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const APP = "https://app.example";

/** A browser hides from an app of another origin what the server does not explicitly let it have. */
describe.each([
  ["no origin", {}, false, false],
  ["the app's origin among others", { CORS_ORIGIN: `http://localhost:8080,${APP}` }, true, false],
  ["every origin", { CORS_ORIGIN: "*" }, true, true],
])("a browser app, where %s is let in", (_, env, isAllowed, isAnyAllowed) => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients"], nats: false, split: "broker", env });
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh.stop());

  const others = ["https://app.example.evil.example", "https://xapp.example", "http://app.example", "https://app.exampl", "null"];
  const preflight = (path: string, origin: string) =>
    fetch(`${mesh.base}${path}`, {
      method: "OPTIONS",
      headers: { Origin: origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,if-match" },
    });
  const allowed = (answer: { headers: Headers }) => answer.headers.get("access-control-allow-origin");
  const itself = isAnyAllowed ? "*" : APP;

  it.each(["/fhir", "/fhir/Patient/1", "/fhir?_count=1", "/api/patients/register"])("asks before it writes to %s", async (path) => {
    const answer = await preflight(path, APP);
    // An action says under OPTIONS what it takes; without a header for the app a browser sends nothing more.
    const refused = path.startsWith("/api/") ? 204 : 405;
    expect([answer.status, allowed(answer)]).toEqual(isAllowed ? [204, itself] : [refused, null]);
    const told = [...answer.headers.keys()].filter((name) => name.startsWith("access-control-allow"));
    if (!isAllowed) return expect(told).toEqual([]);
    expect(answer.headers.get("access-control-allow-methods")).toContain("PUT");
    expect(answer.headers.get("access-control-allow-headers")?.toLowerCase()).toMatch(/authorization.*content-type.*if-match.*prefer/);
    expect(answer.headers.get("access-control-allow-headers")?.split(", ")).toContain("X-Request-ID");
  });

  it("may read what it has created, and its headers", async () => {
    const answer = await fhir.create({ resourceType: "Patient" }, { Origin: APP });
    expect([answer.status, allowed(answer)]).toEqual(isAllowed ? [201, itself] : [403, null]);
    if (!isAllowed) return;
    const names = ["ETag", "Location", "Last-Modified", "Content-Location", "Retry-After", "X-Request-ID", "WWW-Authenticate"];
    for (const name of names) {
      const exposed = answer.headers.get("access-control-expose-headers")?.split(", ") ?? [];
      expect([name, exposed.includes(name)]).toEqual([name, isAllowed]);
    }
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  });

  it("may read why a request was refused", async () => {
    for (const path of ["/Patient/none", "/Nonsense"]) {
      expect(allowed(await fhir.get(path, { Origin: APP }))).toBe(isAllowed ? itself : null);
    }
    const action = await fetch(`${mesh.base}/api/patients/nothing`, { headers: { Origin: APP } });
    expect([action.status, allowed(action)]).toEqual([404, isAllowed ? itself : null]);
  });

  it.each(others)("of another origin, %s, may not", async (origin) => {
    const asked = await preflight("/fhir/Patient/1", origin);
    const read = await fhir.get("/Patient", { Origin: origin });
    expect([asked, read].map(allowed)).toEqual(isAnyAllowed ? ["*", "*"] : [null, null]);
    expect(asked.status).toBe(isAnyAllowed ? 204 : isAllowed ? 403 : 405);
  });

  it("cannot write from a page of another site without permission, but from the gateway's own", async () => {
    const write = (origin: string) => fhir.send("PUT", "/Patient/cors", { resourceType: "Patient", id: "cors" }, { Origin: origin });
    expect((await write(mesh.base)).status).toBeLessThan(300);
    for (const origin of others) expect((await write(origin)).status).toBe(isAnyAllowed ? 200 : 403);
    const removed = await fhir.send("DELETE", "/Patient/cors", undefined, { Origin: "https://evil.example" });
    expect(removed.status).toBe(isAnyAllowed ? 204 : 403);
    expect((await fhir.get("/Patient/cors")).status).toBe(isAnyAllowed ? 410 : 200);
  });

  it("can write with the browser's headers about the site, if its origin may", async () => {
    const patient = { resourceType: "Patient" };
    const site = { "Sec-Fetch-Site": "cross-site" };
    expect((await fhir.create(patient, { ...site, Origin: APP })).status).toBe(isAllowed ? 201 : 403);
    expect((await fhir.create(patient, { ...site, Origin: "https://evil.example" })).status).toBe(isAnyAllowed ? 201 : 403);
    expect((await fhir.create(patient, site)).status).toBe(isAnyAllowed ? 201 : 403);
  });

  it("may read the CapabilityStatement from every origin, as apps do first, and nothing beside it", async () => {
    for (const origin of [APP, ...others]) {
      for (const path of ["/metadata", "/metadata?_summary=true"]) {
        expect(allowed(await fhir.get(path, { Origin: origin, "Sec-Fetch-Site": "cross-site" }))).toBe("*");
      }
      const beside = await fhir.get("/metadata/history", { Origin: origin });
      expect(allowed(beside)).toBe(isAnyAllowed ? "*" : isAllowed && origin === APP ? APP : null);
    }
    expect((await preflight("/fhir/metadata", "https://evil.example")).status).toBe(isAnyAllowed ? 204 : isAllowed ? 403 : 405);
  });

  it("never gets another site's answer from a cache", async () => {
    const { headers } = await fhir.get("/Patient");
    expect(headers.get("vary")?.includes("Origin") ?? false).toBe(isAllowed && !isAnyAllowed);
    expect(headers.get("vary")).toContain("Accept-Encoding");
  });

  it("is described in the CapabilityStatement", async () => {
    expect((await fhir.get("/metadata")).body.rest[0].security).toMatchObject({ cors: isAllowed });
  });
});
