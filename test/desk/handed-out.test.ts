/** How the gateway hands the pages out, and what it says where there are none. */
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

describe("a gateway", () => {
  let mesh: Mesh;
  let without: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients", "desk"], nats: false, split: "broker", env: { ACCESS: "closed" } });
    without = await startMesh({ services: ["api", "patients"], nats: false, split: "broker" });
  });
  afterAll(async () => {
    await without?.stop();
    await mesh?.stop();
  });

  const get = (path: string, headers: Record<string, string> = {}) => fetch(mesh.base + path, { headers, redirect: "manual" });
  const scriptOf = async () => /src="(\/desk\/f\/main\.[^"]+)"/.exec(await (await get("/desk/")).text())?.[1] ?? "";

  it("serves the pages without sign-in, and nothing else", async () => {
    expect((await get("/desk/")).status).toBe(200);
    expect((await get(await scriptOf())).headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect((await fhirAt(mesh.base).send("GET", "/Patient")).status).toBe(401);
    expect([(await get("/desk")).status, (await get("/desk")).headers.get("location")]).toEqual([308, "/desk/"]);
  });

  it.each([
    ["br, gzip", "br"],
    ["gzip", "gzip"],
    ["identity", null],
  ])("packs a file as its reader takes it: %s", async (accepted, encoding) => {
    const answer = await get(await scriptOf(), { "Accept-Encoding": accepted });
    expect([answer.headers.get("content-encoding"), answer.headers.get("content-type")]).toEqual([
      encoding,
      "text/javascript; charset=utf-8",
    ]);
    expect(await answer.text()).toMatch(/import\b/);
  });

  it("does not send again what a browser has cached", async () => {
    const { headers } = await get("/desk/");
    const again = await get("/desk/", { "If-None-Match": headers.get("etag") ?? "" });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  it.each(["/desk/f/none.js", "/desk/../package.json", "/desk/%2e%2e/package.json"])("serves nothing at %s", async (path) => {
    expect((await get(path)).status).not.toBe(200);
  });

  it("reports that the pages are not installed, or are down, and serves everything else", async () => {
    const left = await fetch(`${without.base}/desk/`);
    expect([left.status, await left.json()]).toEqual([404, { error: expect.objectContaining({ type: "NOT_FOUND" }) }]);
    await mesh.caller.destroyService(mesh.caller.getLocalService("desk"));
    const down = await get("/desk/");
    expect([down.status, await down.json()]).toEqual([503, { error: expect.objectContaining({ type: "SERVICE_DOWN" }) }]);
    expect((await get("/fhir/metadata")).status).toBe(200);
  });
});
