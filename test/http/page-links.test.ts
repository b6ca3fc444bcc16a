/** A `next` that the server makes is always one that it takes: after a long search by POST, at another gateway, after a restart. */
import { randomUUID } from "node:crypto";
import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** What common proxies take of a URL. */
const MAX_URL = 8_000;

describe("the pages of a search", () => {
  let mesh: Mesh;
  let gateways: FhirHttp[];
  const ids = Array.from({ length: 3 }, () => randomUUID());
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients"], replicas: { api: 2 } });
    gateways = mesh.nodes.filter((node) => node.url).map((node) => fhirAt(node.url as string));
    for (const id of ids) await first().send("PUT", `/Patient/${id}`, { resourceType: "Patient", id, name: [{ family: "Hidden" }] });
  });
  afterAll(() => mesh.stop());
  const first = () => gateways[0] as FhirHttp;

  const search = (form: string) => first().send("POST", "/Patient/_search", form, { "Content-Type": "application/x-www-form-urlencoded" });
  const nextOf = (body: { link: { relation: string; url: string }[] }) => body.link.find(({ relation }) => relation === "next")?.url;
  const pathOf = (url: string) => url.slice(url.indexOf("/fhir") + "/fhir".length);

  it.each([0, 500, 1_600])("go on after a search by POST with %i ids, at either gateway", async (more) => {
    // Each value is short enough, their list is long.
    const lists = Array.from({ length: Math.ceil(more / 200) }, () => [...ids, ...Array.from({ length: 197 }, () => randomUUID())]);
    const form = ["_count=1", "family=hidden", ...lists.map((list) => `_id=${list.join(",")}`)].join("&");
    let answer = await search(form);
    const found: string[] = [];
    for (let page = 0; ; page++) {
      expect(answer.status).toBe(200);
      found.push(...answer.body.entry.map((it: { resource: { id: string } }) => it.resource.id));
      const next = nextOf(answer.body);
      if (!next) break;
      expect(next.length).toBeLessThan(MAX_URL);
      expect(next).not.toMatch(/hidden/i);
      answer = await (gateways[page % 2] as FhirHttp).get(pathOf(next));
    }
    expect(found.sort()).toEqual([...ids].sort());
  });

  it("continue after a GET whose own URL has the greatest length", async () => {
    const long = Array.from({ length: 200 }, () => randomUUID());
    const query = `_count=1&${Array.from({ length: 7 }, () => `_id=${[...ids, ...long].join(",")}`).join("&")}`;
    expect(query.length).toBeGreaterThan(50_000);
    const next = nextOf((await first().get(`/Patient?${query}`)).body) as string;
    expect(next.length).toBeLessThan(MAX_URL);
    expect((await (gateways[1] as FhirHttp).get(pathOf(next))).body.entry).toHaveLength(1);
  });

  it("continue after a restart", async () => {
    const form = `_count=1&${Array.from({ length: 3 }, () => `_id=${[...ids, ...Array.from({ length: 197 }, () => randomUUID())].join(",")}`).join("&")}`;
    const next = pathOf(nextOf((await search(form)).body) as string);
    const other = await mesh.add("api");
    expect((await fhirAt(other.url as string).get(next)).status).toBe(200);
  });

  it("are refused if the link is truncated, or of another search", async () => {
    const next = pathOf(nextOf((await first().get("/Patient?_count=1")).body) as string);
    expect((await first().get(next)).status).toBe(200);
    expect(await first().get(`${next}x`)).toMatchObject({ status: 400, body: outcomeWith("invalid") });
    expect(await first().get(next.replace("/Patient", "/Person"))).toMatchObject({ status: 400, body: outcomeWith("invalid") });
  });
});
