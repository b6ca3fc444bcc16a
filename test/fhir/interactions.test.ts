import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** FHIR R4's interactions on one resource and on a type (http.html), over HTTP. */
describe("FHIR over HTTP", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "visits", "hospitalizations", "lab", "records"],
      nats: false,
      split: "broker",
    });
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh.stop());

  const rossi = { resourceType: "Patient", name: [{ family: "Rossi", given: ["Ada"] }], gender: "female" };
  const created = async (resource: object = rossi) =>
    (await fhir.create(resource)).body as Record<string, string> & { meta: { versionId: string } };

  describe("create and read", () => {
    it("gives a new resource an id, a version and a place", async () => {
      const answer = await fhir.create(rossi);
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({
        ...rossi,
        id: expect.any(String),
        meta: { versionId: "1", lastUpdated: expect.stringMatching(/^\d{4}-.*Z$/) },
      });
      expect(answer.headers.get("location")).toBe(`${mesh.base}/fhir/Patient/${answer.body.id}/_history/1`);
      expect(answer.headers.get("etag")).toBe('W/"1"');
    });

    it("ignores the id that a created resource brings along", async () => {
      expect((await created({ ...rossi, id: "mine" })).id).not.toBe("mine");
    });

    it("answers with nothing, or an outcome, to who prefers so", async () => {
      expect(await fhir.create(rossi, { Prefer: "return=minimal" })).toMatchObject({ status: 201, text: "" });
      expect(await fhir.create(rossi, { Prefer: "return=OperationOutcome" })).toMatchObject({
        status: 201,
        body: outcomeWith("informational"),
      });
    });

    it("tells a resource that never was from one that was deleted", async () => {
      const { id } = await created();
      expect((await fhir.send("DELETE", `/Patient/${id}`)).status).toBe(204);
      expect(await fhir.get(`/Patient/${id}`)).toMatchObject({ status: 410, body: outcomeWith("deleted") });
      expect(await fhir.get("/Patient/never-was")).toMatchObject({ status: 404, body: outcomeWith("not-found") });
      expect((await fhir.send("DELETE", "/Patient/never-was")).status).toBe(204);
    });

    it("answers 304 to who has the version, and HEAD without a body", async () => {
      const { id } = await created();
      expect((await fhir.get(`/Patient/${id}`, { "If-None-Match": 'W/"1"' })).status).toBe(304);
      expect((await fhir.get(`/Patient/${id}`, { "If-None-Match": 'W/"2"' })).status).toBe(200);
      expect((await fhir.get(`/Patient/${id}`, { "If-Modified-Since": new Date(Date.now() + 60_000).toUTCString() })).status).toBe(304);
      const head = await fhir.send("HEAD", `/Patient/${id}`);
      expect(head).toMatchObject({ status: 200, text: "" });
      expect(Number(head.headers.get("content-length"))).toBeGreaterThan(100);
    });

    it("keeps decimals to the letter", async () => {
      const text = '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":2.50}}';
      const { body } = await fhir.send("POST", "/Observation", text);
      expect((await fhir.get(`/Observation/${body.id}`)).text).toContain('"value":2.50');
    });
  });

  describe("update", () => {
    it("makes the next version, and keeps the old one", async () => {
      const patient = await created();
      const answer = await fhir.send("PUT", `/Patient/${patient.id}`, { ...patient, gender: "other" });
      expect(answer).toMatchObject({ status: 200, body: { gender: "other", meta: { versionId: "2" } } });
      expect((await fhir.get(`/Patient/${patient.id}/_history/1`)).body).toMatchObject({ gender: "female", meta: { versionId: "1" } });
      expect((await fhir.get(`/Patient/${patient.id}/_history/7`)).status).toBe(404);
    });

    it("creates under the client's id, and again after a deletion as the next version", async () => {
      const mine = { ...rossi, id: "rossi-1" };
      expect(await fhir.send("PUT", "/Patient/rossi-1", mine)).toMatchObject({ status: 201, body: { id: "rossi-1" } });
      await fhir.send("DELETE", "/Patient/rossi-1");
      expect(await fhir.send("PUT", "/Patient/rossi-1", mine)).toMatchObject({ status: 201, body: { meta: { versionId: "3" } } });
    });

    it("refuses a version that is not current any more", async () => {
      const patient = await created();
      const change = (version: string) =>
        fhir.send("PUT", `/Patient/${patient.id}`, { ...patient, gender: "other" }, { "If-Match": version });
      expect((await change('W/"1"')).status).toBe(200);
      expect(await change('W/"1"')).toMatchObject({ status: 412, body: outcomeWith("conflict") });
      expect((await change("one")).status).toBe(400);
    });

    it.each([
      ["another id than the URL's", { ...rossi, id: "b" }, 400],
      ["no id", rossi, 400],
      ["another type", { resourceType: "Group", id: "a", type: "person", actual: true }, 400],
    ])("refuses %s", async (_, resource, status) => {
      expect((await fhir.send("PUT", "/Patient/a", resource)).status).toBe(status);
    });
  });

  describe("a resource whose content decides who owns it", () => {
    it("moves with the content: same id, next version, history whole", async () => {
      const visit = { resourceType: "Encounter", status: "in-progress", class: { code: "AMB" } };
      const encounter = await created(visit);
      const stay = { ...encounter, class: { code: "IMP" } };
      expect(await fhir.send("PUT", `/Encounter/${encounter.id}`, stay)).toMatchObject({
        status: 200,
        body: { class: { code: "IMP" }, meta: { versionId: "2" } },
      });
      expect((await fhir.get(`/Encounter/${encounter.id}`)).body.class.code).toBe("IMP");
      const history = (await fhir.get(`/Encounter/${encounter.id}/_history`)).body;
      expect(history.entry.map((it: { resource: { meta: { versionId: string } } }) => it.resource.meta.versionId)).toEqual(["2", "1"]);
      expect((await fhir.get(`/Encounter?_id=${encounter.id}`)).body.total).toBe(1);
      expect((await fhir.send("DELETE", `/Encounter/${encounter.id}`)).status).toBe(204);
      expect((await fhir.get(`/Encounter/${encounter.id}`)).status).toBe(410);
    });

    it("is refused as a single resource is, with no bundle in the paths", async () => {
      const encounter = { resourceType: "Encounter", id: "alone", status: "finished", class: { code: "AMB" } };
      expect((await fhir.send("PUT", "/Encounter/alone", encounter)).status).toBe(201);
      const answers = [
        await fhir.send("PUT", "/Encounter/alone", { ...encounter, class: { code: "IMP" } }, { "If-Match": 'W/"9"' }),
        await fhir.send("DELETE", "/Encounter/alone", undefined, { "If-Match": 'W/"9"' }),
        await fhir.send("PUT", "/Encounter?_id=alone", { ...encounter, status: "unheard-of" }),
        await fhir.create({ ...encounter, status: "unheard-of" }, { "If-None-Exist": "identifier=urn:visit|none" }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([412, 412, 422, 422]);
      expect(answers.map(({ body }) => body.issue[0].expression)).toEqual([
        undefined,
        undefined,
        ["Encounter.status"],
        ["Encounter.status"],
      ]);
      expect(answers.map(({ text }) => text).join()).not.toContain("Bundle");
    });

    it("is found by its criteria with whichever owner it is", async () => {
      const numbered = (code: string) => ({
        resourceType: "Encounter",
        status: "finished",
        class: { code },
        identifier: [{ system: "urn:visit", value: "shared" }],
      });
      const criteria = "identifier=urn:visit|shared";
      const { id } = (await fhir.create(numbered("AMB"), { "If-None-Exist": criteria })).body;
      const found = await fhir.create(numbered("IMP"), { "If-None-Exist": criteria });
      expect(found).toMatchObject({ status: 200, body: { id, class: { code: "AMB" } } });
      expect(found.headers.get("location")).toContain(`/Encounter/${id}/_history/1`);
      const quietly = await fhir.create(numbered("IMP"), { "If-None-Exist": criteria, Prefer: "return=minimal" });
      expect(quietly).toMatchObject({ status: 200, text: "" });
      expect(quietly.headers.get("last-modified")).toBe(found.headers.get("last-modified"));

      expect(await fhir.send("PUT", `/Encounter?${criteria}`, numbered("IMP"))).toMatchObject({ status: 200, body: { id } });
      const patch = JSON.stringify([{ op: "replace", path: "/class/code", value: "AMB" }]);
      const patched = await fhir.send("PATCH", `/Encounter?${criteria}`, patch, { "Content-Type": "application/json-patch+json" });
      expect(patched).toMatchObject({ status: 200, body: { id, meta: { versionId: "3" }, class: { code: "AMB" } } });
      await created(numbered("IMP"));
      for (const [method, body] of [
        ["PUT", numbered("AMB")],
        ["PATCH", patch],
        ["DELETE", undefined],
      ] as const) {
        const headers: Record<string, string> = method === "PATCH" ? { "Content-Type": "application/json-patch+json" } : {};
        expect((await fhir.send(method, `/Encounter?${criteria}`, body, headers)).status).toBe(412);
      }
      expect((await fhir.create(numbered("IMP"), { "If-None-Exist": criteria })).status).toBe(412);
      expect((await fhir.send("DELETE", `/Encounter/${id}`)).status).toBe(204);
      expect((await fhir.send("DELETE", `/Encounter?${criteria}`)).status).toBe(204);
      expect((await fhir.get(`/Encounter?${criteria}`)).body.total).toBe(0);
    });
  });

  describe("history", () => {
    it("lists versions newest first, deletions too, in pages", async () => {
      const patient = await created();
      for (const gender of ["male", "other"]) await fhir.send("PUT", `/Patient/${patient.id}`, { ...patient, gender });
      await fhir.send("DELETE", `/Patient/${patient.id}`);
      const seen: string[] = [];
      for (let next: string | undefined = `/Patient/${patient.id}/_history?_count=2`; next; ) {
        const { body } = await fhir.get(next);
        seen.push(...body.entry.map((it: { request: { method: string } }) => it.request.method));
        next = body.link.find((link: { relation: string }) => link.relation === "next")?.url;
      }
      expect(seen).toEqual(["DELETE", "PUT", "PUT", "POST"]);
    });

    it("tells what was current at a time, and what came since", async () => {
      const patient = await created();
      await new Promise((resolve) => setTimeout(resolve, 5)); // the versions differ in their millisecond
      const between = new Date().toISOString();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await fhir.send("PUT", `/Patient/${patient.id}`, { ...patient, gender: "other" });
      const versions = async (query: string) =>
        ((await fhir.get(`/Patient/${patient.id}/_history?${query}`)).body.entry ?? []).map(
          (it: { resource: { meta: { versionId: string } } }) => it.resource.meta.versionId,
        );
      expect(await versions(`_at=${between}`)).toEqual(["1"]);
      expect(await versions(`_since=${between}`)).toEqual(["2"]);
      expect(await fhir.get(`/Patient/${patient.id}/_history?_since=yesterday`)).toMatchObject({ status: 400, body: outcomeWith("value") });
    });

    it("of the whole system begins with what was written last", async () => {
      const { id } = await created({ resourceType: "Condition", subject: { reference: "Patient/1" } });
      const { body } = await fhir.get("/_history?_count=1");
      expect(body.entry[0].resource.id).toBe(id);
      expect((await fhir.get("/Condition/_history?_count=1")).body.entry[0].resource.id).toBe(id);
    });
  });

  describe("conditional interactions", () => {
    const withNumber = (value: string, more: object = {}) => ({ ...rossi, identifier: [{ system: "urn:mrn", value }], ...more });

    it("creates once, and answers with what is there to who asks again", async () => {
      const first = await fhir.create(withNumber("c1"), { "If-None-Exist": "identifier=urn:mrn|c1" });
      const second = await fhir.create(withNumber("c1"), { "If-None-Exist": "identifier=urn:mrn|c1" });
      expect([first.status, second.status]).toEqual([201, 200]);
      expect(second.body.id).toBe(first.body.id);
    });

    it("updates the one match, creates when there is none, refuses several", async () => {
      const put = (resource: object) => fhir.send("PUT", "/Patient?identifier=urn:mrn|c2", resource);
      const first = await put(withNumber("c2"));
      expect(first.status).toBe(201);
      expect(await put(withNumber("c2", { gender: "other" }))).toMatchObject({ status: 200, body: { id: first.body.id, gender: "other" } });
      await created(withNumber("c2"));
      expect(await put(withNumber("c2"))).toMatchObject({ status: 412, body: outcomeWith("multiple-matches") });
    });

    it("creates under the id of a deleted resource as its next version, and never over a living one", async () => {
      for (const resource of [
        { resourceType: "Patient", id: "reborn", identifier: [{ system: "urn:mrn", value: "reborn" }] },
        {
          resourceType: "Encounter",
          id: "reborn",
          status: "finished",
          class: { code: "AMB" },
          identifier: [{ system: "urn:mrn", value: "reborn" }],
        },
      ]) {
        const put = (value: string, more = {}) =>
          fhir.send("PUT", `/${resource.resourceType}?identifier=urn:mrn|${value}`, {
            ...resource,
            identifier: [{ system: "urn:mrn", value }],
            ...more,
          });
        expect((await put("reborn")).status).toBe(201);
        expect(await put("not-there")).toMatchObject({ status: 409, body: outcomeWith("duplicate") });
        await fhir.send("DELETE", `/${resource.resourceType}/reborn`);
        const moved = resource.resourceType === "Encounter" ? { class: { code: "IMP" } } : {};
        expect(await put("reborn", moved)).toMatchObject({ status: 201, body: { id: "reborn", meta: { versionId: "3" } } });
      }
    });

    it("deletes the one match, nothing when there is none, refuses several", async () => {
      await created(withNumber("c3"));
      await created(withNumber("c3"));
      expect((await fhir.send("DELETE", "/Patient?identifier=urn:mrn|c3")).status).toBe(412);
      await created(withNumber("c4"));
      expect((await fhir.send("DELETE", "/Patient?identifier=urn:mrn|c4")).status).toBe(204);
      expect((await fhir.get("/Patient?identifier=urn:mrn|c4")).body.total).toBe(0);
      expect((await fhir.send("DELETE", "/Patient?identifier=urn:mrn|c4")).status).toBe(204);
      expect((await fhir.send("DELETE", "/Patient")).status).toBe(412);
    });

    it("patches the one match", async () => {
      await created(withNumber("c5"));
      const patch = JSON.stringify([{ op: "replace", path: "/gender", value: "unknown" }]);
      const answer = await fhir.send("PATCH", "/Patient?identifier=urn:mrn|c5", patch, { "Content-Type": "application/json-patch+json" });
      expect(answer).toMatchObject({ status: 200, body: { gender: "unknown", meta: { versionId: "2" } } });
    });

    it("says of a patch that nothing matches its criteria", async () => {
      const answer = await fhir.send("PATCH", "/Patient?identifier=urn:mrn|c6", "[]", { "Content-Type": "application/json-patch+json" });
      expect(answer).toMatchObject({ status: 404, body: outcomeWith("not-found") });
      expect(answer.body.issue[0].diagnostics).toBe("No Patient matches identifier=urn:mrn|c6.");
    });
  });

  describe("patch", () => {
    const json = { "Content-Type": "application/json-patch+json" };

    it("changes what it names and leaves the rest", async () => {
      const { id } = await created();
      const answer = await fhir.send(
        "PATCH",
        `/Patient/${id}`,
        JSON.stringify([{ op: "add", path: "/name/0/given/-", value: "Maria" }]),
        json,
      );
      expect(answer).toMatchObject({ status: 200, body: { name: [{ family: "Rossi", given: ["Ada", "Maria"] }] } });
    });

    it("refuses a version that is not current any more, though the patch would fit", async () => {
      const { id } = await created();
      const change = (version: string) =>
        fhir.send("PATCH", `/Patient/${id}`, '[{"op":"add","path":"/birthDate","value":"2001-01-01"}]', { ...json, "If-Match": version });
      expect((await change('W/"1"')).status).toBe(200);
      expect(await change('W/"1"')).toMatchObject({ status: 412, body: outcomeWith("conflict") });
      expect((await fhir.get(`/Patient/${id}`)).body.meta.versionId).toBe("2");
    });

    it("loses no change when 16 patch at the same moment", async () => {
      const { id } = await created();
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          fhir.send("PATCH", `/Patient/${id}`, JSON.stringify([{ op: "add", path: "/name/0/given/-", value: `G${index}` }]), json),
        ),
      );
      const done = answers.filter((it) => it.status === 200).length;
      for (const it of answers) if (it.status !== 200) expect(it).toMatchObject({ status: 412 });
      expect((await fhir.get(`/Patient/${id}`)).body.name[0].given).toHaveLength(1 + done);
    });

    it.each([
      [
        "a test that does not hold",
        [
          { op: "test", path: "/gender", value: "male" },
          { op: "remove", path: "/name" },
        ],
        422,
      ],
      ["a path to nowhere", [{ op: "replace", path: "/contact/0/name", value: {} }], 422],
      ["no path", [{ op: "remove" }], 400],
      ["a new id", [{ op: "replace", path: "/id", value: "other" }], 422],
      ["a prototype", [{ op: "add", path: "/__proto__/x", value: 1 }], 400],
    ])("refuses %s, and changes nothing", async (_, operations, status) => {
      const { id } = await created();
      expect((await fhir.send("PATCH", `/Patient/${id}`, JSON.stringify(operations), json)).status).toBe(status);
      expect((await fhir.get(`/Patient/${id}`)).body.meta.versionId).toBe("1");
    });
  });

  describe("parts and forms of an answer", () => {
    it("shows the summary, or the elements asked for", async () => {
      const { id } = await created({ ...rossi, maritalStatus: { text: "married" } });
      expect((await fhir.get(`/Patient/${id}?_summary=true`)).body).not.toHaveProperty("maritalStatus");
      expect(Object.keys((await fhir.get(`/Patient/${id}?_elements=gender`)).body)).toEqual(["resourceType", "id", "meta", "gender"]);
      expect((await fhir.get(`/Patient/${id}?_summary=most`)).status).toBe(400);
    });

    it("is indented for people, and JSON only", async () => {
      expect((await fhir.get("/metadata?_pretty=true")).text).toContain('\n  "resourceType"');
      expect(await fhir.get("/metadata", { Accept: "application/xml" })).toMatchObject({ status: 406, body: outcomeWith("not-supported") });
      expect((await fhir.get("/metadata?_format=xml")).status).toBe(406);
      expect((await fhir.get("/metadata?_format=json", { Accept: "application/xml" })).status).toBe(200);
    });

    it("is compressed for who can take it", async () => {
      expect((await fhir.get("/metadata", { "Accept-Encoding": "gzip" })).headers.get("content-encoding")).toBe("gzip");
      expect((await fhir.get("/metadata", { "Accept-Encoding": "gzip;q=0" })).headers.get("content-encoding")).toBeNull();
    });
  });

  describe("operations", () => {
    it("adds tags and takes them away", async () => {
      const { id } = await created();
      const body = { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta: { tag: [{ system: "urn:t", code: "vip" }] } }] };
      expect((await fhir.send("POST", `/Patient/${id}/$meta-add`, body)).body.parameter[0].valueMeta.tag).toHaveLength(1);
      expect((await fhir.get("/Patient?_tag=urn:t|vip")).body.total).toBe(1);
      await fhir.send("POST", `/Patient/${id}/$meta-delete`, body);
      expect((await fhir.get(`/Patient/${id}/$meta`)).body.parameter[0].valueMeta).not.toHaveProperty("tag");
    });

    it("finds everything about a patient, over all services, in pages", async () => {
      const { id } = await created();
      const subject = { reference: `Patient/${id}` };
      await created({ resourceType: "Condition", subject });
      await created({ resourceType: "Encounter", status: "finished", class: { code: "AMB" }, subject });
      await created({
        resourceType: "Observation",
        status: "final",
        code: { text: "x" },
        category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }],
        subject,
      });
      const whole = await fhir.get(`/Patient/${id}/$everything`);
      expect(whole.body.entry.map((it: { resource: { resourceType: string } }) => it.resource.resourceType).sort()).toEqual([
        "Condition",
        "Encounter",
        "Observation",
        "Patient",
      ]);
      expect(await fhir.all(`/Patient/${id}/$everything?_count=1`)).toMatchObject({ pages: 4 });
      expect((await fhir.get(`/Patient/${id}/$everything?_type=Condition`)).body.total).toBe(1);
      expect((await fhir.get(`/Patient/${id}/Condition`)).body.total).toBe(1);
      expect((await fhir.get(`/Patient/${id}/*?_summary=count`)).body.total).toBe(4);
      expect((await fhir.get("/Patient/nobody/$everything")).status).toBe(404);
    });

    it("finds the last Observation of each code", async () => {
      const subject = { reference: "Patient/lastn" };
      const observe = (code: string, day: string) =>
        created({
          resourceType: "Observation",
          status: "final",
          code: { coding: [{ system: "urn:c", code }] },
          subject,
          effectiveDateTime: day,
        });
      for (const day of ["2026-01-01", "2026-01-03", "2026-01-02"]) for (const code of ["a", "b"]) await observe(code, day);
      const { body } = await fhir.get("/Observation/$lastn?subject=Patient/lastn&max=1");
      expect(body.entry.map((it: { resource: { effectiveDateTime: string } }) => it.resource.effectiveDateTime)).toEqual([
        "2026-01-03",
        "2026-01-03",
      ]);
      expect((await fhir.get("/Observation/$lastn")).status).toBe(400);
      const other = { reference: "Patient/lastn-by-text" };
      for (const [text, day] of [
        ["pain", "01"],
        ["pain", "02"],
        ["mood", "03"],
      ])
        await created({
          resourceType: "Observation",
          status: "final",
          code: { text },
          subject: other,
          effectiveDateTime: `2026-01-${day}`,
        });
      const inPart = (await fhir.get("/Observation/$lastn?subject=Patient/lastn-by-text&_elements=effective")).body.entry;
      expect(inPart.map((it: { resource: { effectiveDateTime: string } }) => it.resource.effectiveDateTime)).toEqual([
        "2026-01-03",
        "2026-01-02",
      ]);
      expect(inPart[0].resource).not.toHaveProperty("subject");
    });

    it("says 501 of what is not there yet, and 404 of what never will be", async () => {
      expect(await fhir.send("POST", "/Patient/$match", { resourceType: "Parameters" })).toMatchObject({
        status: 501,
        body: outcomeWith("not-supported"),
      });
      expect(await fhir.get("/Nonsense/1")).toMatchObject({ status: 404, body: outcomeWith("not-supported") });
      expect(await fhir.get("/Patient/1/2/3/4")).toMatchObject({ status: 404 });
      const wrong = await fhir.send("DELETE", "/metadata");
      expect(wrong).toMatchObject({ status: 405, body: outcomeWith("not-supported") });
      expect(wrong.headers.get("allow")).toBe("GET, HEAD");
    });
  });

  describe("search over HTTP", () => {
    it("searches by POST as by GET", async () => {
      await created({ ...rossi, name: [{ family: "Zeppelin" }] });
      const form = { "Content-Type": "application/x-www-form-urlencoded" };
      expect((await fhir.send("POST", "/Patient/_search", "name=zepp", form)).body.total).toBe(1);
      expect((await fhir.get("/Patient?name=zepp")).body.total).toBe(1);
      expect((await fhir.send("POST", "/Patient/_search", "{}")).status).toBe(415);
    });

    it("tells what it ignored, or refuses it, as the client prefers", async () => {
      const lenient = await fhir.get("/Patient?colour=blue&name=zepp");
      expect(lenient.body.link[0].url).not.toContain("colour");
      expect(lenient.body.entry.at(-1)).toMatchObject({ search: { mode: "outcome" }, resource: outcomeWith("not-supported") });
      expect((await fhir.get("/Patient?colour=blue", { Prefer: "handling=strict" })).status).toBe(400);
    });

    it("does not follow a page link that was tampered with, or that is another search's", async () => {
      for (let index = 0; index < 3; index += 1) await created();
      const { body } = await fhir.get("/Patient?_count=1");
      const next = new URL(body.link[1].url);
      const token = next.searchParams.get("_page") as string;
      expect((await fhir.get(`/Patient?_page=${token}`)).status).toBe(200);
      expect((await fhir.get(`/Observation?_page=${token}`)).status).toBe(400);
      expect((await fhir.get(`/Patient?_page=A${token.slice(1)}`)).status).toBe(400);
    });

    it("finds what a List has", async () => {
      const [a, b, c] = [await created(), await created(), await created()];
      const entry = [
        { item: { reference: `Patient/${a.id}` } },
        { item: { reference: `Patient/${b.id}` }, deleted: true },
        { item: { reference: "Condition/1" } },
      ];
      const { body } = await fhir.create({ resourceType: "List", status: "current", mode: "changes", entry });
      const found = (await fhir.get(`/Patient?_list=${body.id}`)).body;
      expect(found.entry.map((it: { resource: { id: string } }) => it.resource.id)).toEqual([a.id]);
      expect((await fhir.get(`/Patient?_list=${body.id}&_id=${c.id}`)).body.total).toBe(0);
      expect((await fhir.get("/Patient?_list=$current-allergies")).status).toBe(501);
    });

    it("finds words, in the narrative or anywhere", async () => {
      const text = { status: "generated", div: '<div xmlns="http://www.w3.org/1999/xhtml">allergic to <b>walnuts</b></div>' };
      const { id } = await created({ ...rossi, text, maritalStatus: { text: "separated" } });
      expect((await fhir.get("/Patient?_text=walnuts")).body.entry[0].resource.id).toBe(id);
      expect((await fhir.get("/Patient?_text=separated")).body.total).toBe(0);
      expect((await fhir.get("/Patient?_content=separated walnuts")).body.total).toBe(1);
      await fhir.send("DELETE", `/Patient/${id}`);
      expect((await fhir.get("/Patient?_text=walnuts")).body.total).toBe(0);
    });

    it("searches over all types by what all types have", async () => {
      const { id } = await created();
      expect((await fhir.get(`?_id=${id}`)).body).toMatchObject({ total: 1 });
      expect((await fhir.get("?_type=Patient,Condition&_count=0")).body.total).toBeGreaterThan(1);
      expect((await fhir.get("?_type=Cat")).status).toBe(400);
    });
  });
});
