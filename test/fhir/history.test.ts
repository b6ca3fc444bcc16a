import { type Answered, type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** A patient's history, asked for in part (R4, http.html#history). */
describe("a history", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  const place = "/Patient/with-history/_history";
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients"], nats: false, split: "broker" });
    fhir = fhirAt(mesh.base);
    const rossi = { resourceType: "Patient", id: "with-history", name: [{ family: "Rossi" }], birthDate: "1980" };
    for (const gender of ["female", "other"]) await fhir.send("PUT", "/Patient/with-history", { ...rossi, gender });
    await fhir.send("DELETE", "/Patient/with-history");
  });
  afterAll(() => mesh.stop());

  const statuses = ({ body }: Answered) => (body.entry ?? []).map((it: { response: { status: string } }) => it.response.status);

  it("marks a first version that was created by an update", async () => {
    expect(statuses(await fhir.get(place))).toEqual(["204", "200", "201"]);
  });

  it("of a time before the resource is empty, and of one that never existed not found", async () => {
    expect(await fhir.get(`${place}?_at=1999`)).toMatchObject({ status: 200, body: { total: 0 } });
    expect(await fhir.get(`${place}?_since=2999-01-01`)).toMatchObject({ status: 200, body: { total: 0 } });
    for (const query of ["", "?_at=1999", "?_since=1999"]) {
      expect(await fhir.get(`/Patient/nobody/_history${query}`)).toMatchObject({ status: 404, body: outcomeWith("not-found") });
    }
  });

  it("has no version that nobody wrote, and says which", async () => {
    for (const version of ["9", "first"]) {
      const issue = [{ code: "not-found", diagnostics: `There is no version ${version} of Patient/with-history.` }];
      expect(await fhir.get(`${place}/${version}`)).toMatchObject({ status: 404, body: { issue } });
    }
  });

  it("accepts a time zone whose plus was decoded to a space", async () => {
    const now = new Date(Date.now() - 60_000 + 5 * 3_600_000).toISOString().slice(0, -1);
    expect(statuses(await fhir.get(`${place}?_since=${now}+05:00`))).toHaveLength(3);
  });

  it("shows the requested elements on every page", async () => {
    const first = await fhir.get(`${place}?_elements=gender&_count=2`);
    const next = first.body.link.find(({ relation }: { relation: string }) => relation === "next").url;
    for (const [{ body }, gender] of [
      [first, "other"],
      [await fhir.get(next), "female"],
    ] as const) {
      const { resource } = body.entry.at(-1);
      expect(resource).toMatchObject({ gender, meta: { tag: [{ code: "SUBSETTED" }] } });
      expect(resource).not.toHaveProperty("birthDate");
    }
    expect((await fhir.get(`${place}?_summary=count`)).status).toBe(400);
  });

  it("of a List's versions is not supported: it does not show all others", async () => {
    expect(await fhir.get(`${place}?_list=42`)).toMatchObject({ status: 501, body: outcomeWith("not-supported") });
    expect(await fhir.get(`/_history?_list=42`)).toMatchObject({ status: 501 });
  });

  it("of many large versions ends a page after a megabyte, and continues after it", async () => {
    const address = [{ text: "x".repeat(200_000) }];
    for (let n = 0; n < 8; n++) await fhir.send("PUT", "/Patient/large", { resourceType: "Patient", id: "large", address });
    const seen: string[] = [];
    for (let url: string | undefined = "/Patient/large/_history?_count=1000"; url !== undefined; ) {
      const { body }: Answered = await fhir.get(url);
      expect(JSON.stringify(body).length).toBeLessThan(1_100_000);
      seen.push(...body.entry.map((it: { resource: { meta: { versionId: string } } }) => it.resource.meta.versionId));
      url = body.link.find(({ relation }: { relation: string }) => relation === "next")?.url;
    }
    expect(seen).toEqual(["8", "7", "6", "5", "4", "3", "2", "1"]);
  });

  it("refuses an unknown parameter, or omits it from the self link", async () => {
    const answer = await fhir.get(`${place}?_count=1&colour=blue`);
    expect(answer.status).toBe(200);
    expect(answer.body.link[0].url).toBe(`${mesh.base}/fhir${place}?_count=1`);
    expect(await fhir.get(`${place}?colour=blue`, { Prefer: "handling=strict" })).toMatchObject({
      status: 400,
      body: outcomeWith("not-supported"),
    });
  });
});
