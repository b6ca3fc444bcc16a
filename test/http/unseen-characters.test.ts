/** What was sent with characters that are not seen is shown with these written out, whatever refuses it. */
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

describe("an error shows invisible characters", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients"], nats: false, split: "broker" });
  });
  afterAll(() => mesh.stop());

  const textsOf = (value: unknown): string[] =>
    typeof value === "string" ? [value] : typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];

  it.each([
    ["an id", "/fhir/Patient/a%00b", "a\\u0000b"],
    ["a type", "/fhir/Pat%1Bient", "Pat\\u001bient"],
    ["a version", "/fhir/Patient/someone/_history/a%0Db", "a\\u000db"],
    ["an operation", "/fhir/Patient/$a%C2%9B", "$a\\u009b"],
    ["a parameter's name", "/fhir/Patient/someone/_history?x%00=1", "x\\u0000"],
    ["a parameter's value", "/fhir/Patient?_sort=a%0A", "a\\u000a"],
    ["a value that turns the writing", "/fhir/Patient?_sort=a%E2%80%AEb", "a\\u202eb"],
  ])("in %s", async (_, path, shown) => {
    const answer = await fetch(mesh.base + path, { headers: { Prefer: "handling=strict" } });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    const texts = textsOf(await answer.json()).join("|");
    expect(texts).toContain(shown);
    expect(texts).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it("in a header, and in an entry of a batch", async () => {
    const refused = await fetch(`${mesh.base}/fhir/Patient`, { headers: { Accept: "a\u009bb" } });
    expect([refused.status, await refused.text()]).toEqual([406, expect.stringContaining("a\\\\u009bb")]);
    const entry = [{ request: { method: "GET", url: "Patient/a%00b" } }];
    const { status, body } = await fhirAt(mesh.base).send("POST", "", { resourceType: "Bundle", type: "batch", entry });
    expect(status).toBe(200);
    expect(body.entry[0].response).toMatchObject({
      status: "404",
      outcome: { issue: [{ diagnostics: expect.stringContaining("a\\u0000b") }] },
    });
  });
});
