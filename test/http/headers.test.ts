/** The headers of every answer, as docs/security.md lists them. */
import { fhirAt } from "../kit/fhir-http.ts";
import { contentOf } from "../kit/map.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const ROW = /^\| `([^`]+)` \| `([^`]+)` \| (?:`([^`]+)`|none) \|$/gm;
const section = contentOf("docs/security.md").split("## Headers by path")[1]?.split("\n## ")[0] ?? "";
const table = [...section.matchAll(ROW)].map(([, path = "", header = "", value]): [string, string, string | undefined] => [
  path,
  header,
  value,
]);
const everywhere = table.filter(([path]) => path === "*");
const rows = table.filter(([path]) => path !== "*");
const paths = [...new Set(rows.map(([path]) => path))];

describe("an answer", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients", "records", "desk"], nats: false, split: "broker" });
    const { send } = fhirAt(mesh.base);
    await send("PUT", "/Patient/example", { resourceType: "Patient", id: "example" });
    const binary = (id: string, contentType: string) =>
      send("PUT", `/Binary/${id}`, { resourceType: "Binary", id, contentType, data: "YQ==" });
    await binary("page", "text/html");
    await binary("image", "image/png");
  });
  afterAll(() => mesh.stop());

  const headersOf = async (path: string) => (await fetch(mesh.base + path)).headers;

  it("is described in a table that covers all kinds of paths", () => {
    expect(everywhere.length).toBe(4);
    expect(paths.length).toBeGreaterThan(12);
  });

  it.each(rows)("at %s has %s", async (path, header, value) => {
    const host = new URL(mesh.base).host;
    expect((await headersOf(path)).get(header)).toBe(value?.replaceAll("HOST/", `${host}/`) ?? null);
  });

  it.each([...paths, "/nothing", "/fhir/Nothing", "/fhir/Patient?name=%00"])("at %s has what all have", async (path) => {
    const headers = await headersOf(path);
    for (const [, name, value] of everywhere) expect([name, headers.get(name)]).toEqual([name, value]);
    expect([headers.get("cache-control"), headers.get("content-security-policy")]).toEqual([
      expect.any(String),
      path.startsWith("/docs") || path === "/" ? expect.stringMatching(/^default-src 'none'; script-src \S+\.js/) : expect.any(String),
    ]);
    expect(headers.get("strict-transport-security")).toBeNull();
  });

  it("to a write is not cached either", async () => {
    const made = await fhirAt(mesh.base).create({ resourceType: "Patient" });
    expect(made.headers.get("cache-control")).toBe("private, no-cache");
    const refused = await fhirAt(mesh.base).create({ resourceType: "Patient", colour: "blue" });
    expect(refused.headers.get("cache-control")).toBe("no-store");
  });

  it.each([
    ["image/png", null],
    ["image/jpeg; quality=1", null],
    ["application/pdf", null],
    ["image/svg+xml", "attachment"],
    ["IMAGE/SVG+XML; charset=utf-8", "attachment"],
    ["image/svg", "attachment"],
    ["image/x+xml", "attachment"],
    ["image/png, text/html", "attachment"],
    ["image/png;a=b,text/html", "attachment"],
    ["text/html", "attachment"],
    ["text/javascript", "attachment"],
    ["application/xhtml+xml", "attachment"],
    ["application/octet-stream", "attachment"],
  ])("with a Binary of %s is shown, or only kept", async (contentType, disposition) => {
    const { body } = await fhirAt(mesh.base).create({ resourceType: "Binary", contentType, data: "YQ==" });
    const headers = await headersOf(`/fhir/Binary/${body.id}`);
    expect([headers.get("content-disposition"), headers.get("content-security-policy")]).toEqual([disposition, "sandbox"]);
  });

  it.each([
    ["abc-DEF_1.2", true],
    ["a".repeat(64), true],
    ["a".repeat(65), false],
    ["a b", false],
    ["<script>", false],
    ["", false],
  ])("names the request %j as its client does, if it may", async (id, isKept) => {
    for (const header of ["X-Request-ID", "X-Correlation-ID"]) {
      const given = (await fetch(`${mesh.base}/fhir/Patient`, { headers: { [header]: id } })).headers.get("x-request-id");
      if (isKept) expect(given).toBe(id);
      else expect(given).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
    }
  });
});
