import { connect } from "node:net";
import { outcomeWith } from "../kit/fhir-http.ts";
import { hospital, rossi } from "../kit/hospital.ts";

/** What clients send that is not wrong, only different from what others send; and what is wrong is told how it would be right. */
describe("real-world clients", () => {
  const at = hospital();
  const observation = (reference: string, code: string) => ({
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ code }] },
    subject: { reference },
  });

  it("searches by GET at the address for POST, as some clients do, in pages", async () => {
    for (let index = 0; index < 3; index += 1) await at.fhir.create({ ...rossi, name: [{ family: "Getsearch" }] });
    const { body, headers } = await at.fhir.get("/Patient/_search?name=getsearch&_count=2&_total=accurate");
    expect([body.total, body.entry.length]).toEqual([3, 2]);
    expect(headers.get("cache-control")).toBe("no-store");
    const next = new URL(body.link.find(({ relation }: { relation: string }) => relation === "next").url);
    expect((await at.fhir.get(next.pathname.replace(/^\/fhir/, "") + next.search)).body.entry).toHaveLength(1);
    expect((await at.fhir.get("/_search?_type=Patient&_count=0")).status).toBe(200);
    expect((await at.fhir.send("PUT", "/Patient/_search", rossi)).status).toBe(405);
  });

  describe("an id without a type", () => {
    beforeAll(async () => {
      for (const [reference, code] of [
        ["Patient/twice", "a"],
        ["Group/twice", "b"],
        ["Patient/once", "a"],
        ["Patient/twice", "a"],
      ] as const) {
        expect((await at.fhir.create(observation(reference, code))).status).toBe(201);
      }
      await at.fhir.create({ resourceType: "Condition", subject: { reference: "Patient/once" }, encounter: { reference: "Encounter/x" } });
    });

    it.each([
      "Observation?subject=twice",
      "Observation?subject=once,twice",
      "Observation?subject=twice&_summary=count",
      "Observation?subject=nobody,twice&code=a,b",
      "DiagnosticReport?result.subject=twice",
    ])("that is one of two types is refused: %s", async (query) => {
      expect(await at.fhir.get(`/${query}`)).toMatchObject({
        status: 400,
        body: { issue: [{ code: "multiple-matches", diagnostics: expect.stringContaining("Group/twice and of Patient/twice") }] },
      });
    });

    it.each([
      ["Observation?subject=once", 1],
      ["Observation?subject=Patient/twice", 2],
      ["Observation?subject:Group=twice", 1],
      ["Observation?patient=twice", 2],
      ["Observation?subject=twice&code=b", 1],
      ["Observation?subject=nobody", 0],
      ["Condition?subject=once", 1],
    ])("and else is found: %s", async (query, total) => expect((await at.fhir.get(`/${query}`)).body.total).toBe(total));
  });

  it("may list more by POST than fits into a URL, and page through it", async () => {
    const { id } = (await at.fhir.create({ ...rossi, identifier: [{ system: "urn:long", value: "900" }] })).body;
    await at.fhir.create({ ...rossi, identifier: [{ system: "urn:long", value: "901" }] });
    const identifiers = Array.from({ length: 3_000 }, (_, index) => `urn:long|${index}`).join(",");
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    const { status, body } = await at.fhir.send("POST", "/Patient/_search", `_count=1&identifier=${encodeURIComponent(identifiers)}`, form);
    expect([status, body.entry[0].resource.id]).toEqual([200, id]);
    const next = body.link.find((link: { relation: string }) => link.relation === "next").url;
    expect((await at.fhir.get(next)).body.entry[0].resource.identifier[0].value).toBe("901");
    const ids = [id, ...Array.from({ length: 5_000 }, (_, index) => `another-${index}`)].join(",");
    expect((await at.fhir.send("POST", "/Patient/_search", `_id=${ids}`, form)).body.total).toBe(1);
    const one = await at.fhir.send("POST", "/Patient/_search", `identifier=${"a".repeat(8_001)}`, form);
    expect(one).toMatchObject({ status: 400, body: outcomeWith("too-long") });
  });

  it("that do not encode a URL are told to do so", async () => {
    const answer = await rawGet(Number(new URL(at.mesh.base).port), "/fhir/Patient?name=Ärzte");
    expect(answer).toContain("400 Bad Request");
    expect(answer).toContain("percent-encoded");
    expect(await at.fhir.get("/Patient?name=%C4")).toMatchObject({
      status: 400,
      body: { issue: [{ diagnostics: expect.stringContaining("UTF-8") }] },
    });
    expect((await at.fhir.get("/Patient?name=%C3%84rzte")).status).toBe(200);
  });

  it("that store again what is there make a version, which says who stored it and when", async () => {
    const { id } = (await at.fhir.create({ resourceType: "Patient", gender: "female" })).body;
    const put = () => at.fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id, gender: "female" });
    const patch = () => at.fhir.send("PATCH", `/Patient/${id}`, "[]", { "Content-Type": "application/json-patch+json" });
    expect(await put()).toMatchObject({ status: 200, body: { meta: { versionId: "2" } } });
    expect(await patch()).toMatchObject({ status: 200, body: { meta: { versionId: "3" } } });
  });
});

const rawGet = (port: number, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`));
    });
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
