import { outcomeWith } from "../kit/fhir-http.ts";
import { hospital, rossi } from "../kit/hospital.ts";

/** FHIR R4's interactions on one resource and on a type (http.html), over HTTP. */
describe("FHIR over HTTP", () => {
  const at = hospital();
  const created = async (resource: object = rossi) =>
    (await at.fhir.create(resource)).body as Record<string, string> & { meta: { versionId: string } };

  describe("create and read", () => {
    it("gives a new resource an id, a version and a location", async () => {
      const answer = await at.fhir.create(rossi);
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({
        ...rossi,
        id: expect.any(String),
        meta: { versionId: "1", lastUpdated: expect.stringMatching(/^\d{4}-.*Z$/) },
      });
      expect(answer.headers.get("location")).toBe(`${at.mesh.base}/fhir/Patient/${answer.body.id}/_history/1`);
      expect(answer.headers.get("etag")).toBe('W/"1"');
    });

    it("ignores the id of a resource to create", async () => {
      expect((await created({ ...rossi, id: "mine" })).id).not.toBe("mine");
    });

    it("answers without a body, or with an outcome, if preferred", async () => {
      expect(await at.fhir.create(rossi, { Prefer: "return=minimal" })).toMatchObject({ status: 201, text: "" });
      expect(await at.fhir.create(rossi, { Prefer: "return=OperationOutcome" })).toMatchObject({
        status: 201,
        body: outcomeWith("informational"),
      });
    });

    it("distinguishes a resource that never existed from a deleted one", async () => {
      const { id } = await created();
      expect((await at.fhir.send("DELETE", `/Patient/${id}`)).status).toBe(204);
      expect(await at.fhir.get(`/Patient/${id}`)).toMatchObject({ status: 410, body: outcomeWith("deleted") });
      expect(await at.fhir.get("/Patient/never-was")).toMatchObject({ status: 404, body: outcomeWith("not-found") });
      expect((await at.fhir.send("DELETE", "/Patient/never-was")).status).toBe(204);
    });

    it("answers 304 if the client has the version, and HEAD without a body", async () => {
      const { id } = await created();
      expect((await at.fhir.get(`/Patient/${id}`, { "If-None-Match": 'W/"1"' })).status).toBe(304);
      expect((await at.fhir.get(`/Patient/${id}`, { "If-None-Match": 'W/"2"' })).status).toBe(200);
      expect((await at.fhir.get(`/Patient/${id}`, { "If-Modified-Since": new Date(Date.now() + 60_000).toUTCString() })).status).toBe(304);
      const head = await at.fhir.send("HEAD", `/Patient/${id}`);
      expect(head).toMatchObject({ status: 200, text: "" });
      expect(Number(head.headers.get("content-length"))).toBeGreaterThan(100);
    });

    it("keeps decimals unchanged", async () => {
      const text = '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":2.50}}';
      const { body } = await at.fhir.send("POST", "/Observation", text);
      expect((await at.fhir.get(`/Observation/${body.id}`)).text).toContain('"value":2.50');
    });
  });

  describe("update", () => {
    it("creates the next version, and keeps the old one", async () => {
      const patient = await created();
      const answer = await at.fhir.send("PUT", `/Patient/${patient.id}`, { ...patient, gender: "other" });
      expect(answer).toMatchObject({ status: 200, body: { gender: "other", meta: { versionId: "2" } } });
      expect((await at.fhir.get(`/Patient/${patient.id}/_history/1`)).body).toMatchObject({ gender: "female", meta: { versionId: "1" } });
      expect((await at.fhir.get(`/Patient/${patient.id}/_history/7`)).status).toBe(404);
    });

    it("creates under the client's id, and again after a deletion as the next version", async () => {
      const mine = { ...rossi, id: "rossi-1" };
      expect(await at.fhir.send("PUT", "/Patient/rossi-1", mine)).toMatchObject({ status: 201, body: { id: "rossi-1" } });
      await at.fhir.send("DELETE", "/Patient/rossi-1");
      expect(await at.fhir.send("PUT", "/Patient/rossi-1", mine)).toMatchObject({ status: 201, body: { meta: { versionId: "3" } } });
    });

    it("refuses a version that is no longer current", async () => {
      const patient = await created();
      const change = (version: string) =>
        at.fhir.send("PUT", `/Patient/${patient.id}`, { ...patient, gender: "other" }, { "If-Match": version });
      expect((await change('W/"1"')).status).toBe(200);
      expect(await change('W/"1"')).toMatchObject({ status: 412, body: outcomeWith("conflict") });
      expect((await change("one")).status).toBe(400);
    });

    it.each([
      ["another id than the URL's", { ...rossi, id: "b" }, 400],
      ["no id", rossi, 400],
      ["another type", { resourceType: "Group", id: "a", type: "person", actual: true }, 400],
    ])("refuses %s", async (_, resource, status) => {
      expect((await at.fhir.send("PUT", "/Patient/a", resource)).status).toBe(status);
    });
  });

  describe("a resource whose content decides its owner", () => {
    it("moves with its content: same id, next version, complete history", async () => {
      const visit = { resourceType: "Encounter", status: "in-progress", class: { code: "AMB" } };
      const encounter = await created(visit);
      const stay = { ...encounter, class: { code: "IMP" } };
      expect(await at.fhir.send("PUT", `/Encounter/${encounter.id}`, stay)).toMatchObject({
        status: 200,
        body: { class: { code: "IMP" }, meta: { versionId: "2" } },
      });
      expect((await at.fhir.get(`/Encounter/${encounter.id}`)).body.class.code).toBe("IMP");
      const history = (await at.fhir.get(`/Encounter/${encounter.id}/_history`)).body;
      expect(history.entry.map((it: { resource: { meta: { versionId: string } } }) => it.resource.meta.versionId)).toEqual(["2", "1"]);
      expect((await at.fhir.get(`/Encounter?_id=${encounter.id}`)).body.total).toBe(1);
      expect((await at.fhir.send("DELETE", `/Encounter/${encounter.id}`)).status).toBe(204);
      expect((await at.fhir.get(`/Encounter/${encounter.id}`)).status).toBe(410);
    });

    it("is refused as a single resource is, without bundle paths", async () => {
      const encounter = { resourceType: "Encounter", id: "alone", status: "finished", class: { code: "AMB" } };
      expect((await at.fhir.send("PUT", "/Encounter/alone", encounter)).status).toBe(201);
      const answers = [
        await at.fhir.send("PUT", "/Encounter/alone", { ...encounter, class: { code: "IMP" } }, { "If-Match": 'W/"9"' }),
        await at.fhir.send("DELETE", "/Encounter/alone", undefined, { "If-Match": 'W/"9"' }),
        await at.fhir.send("PUT", "/Encounter?_id=alone", { ...encounter, status: "unheard-of" }),
        await at.fhir.create({ ...encounter, status: "unheard-of" }, { "If-None-Exist": "identifier=urn:visit|none" }),
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

    it("is found by its criteria at either owner", async () => {
      const numbered = (code: string) => ({
        resourceType: "Encounter",
        status: "finished",
        class: { code },
        identifier: [{ system: "urn:visit", value: "shared" }],
      });
      const criteria = "identifier=urn:visit|shared";
      const { id } = (await at.fhir.create(numbered("AMB"), { "If-None-Exist": criteria })).body;
      const found = await at.fhir.create(numbered("IMP"), { "If-None-Exist": criteria });
      expect(found).toMatchObject({ status: 200, body: { id, class: { code: "AMB" } } });
      expect(found.headers.get("location")).toContain(`/Encounter/${id}/_history/1`);
      const quietly = await at.fhir.create(numbered("IMP"), { "If-None-Exist": criteria, Prefer: "return=minimal" });
      expect(quietly).toMatchObject({ status: 200, text: "" });
      expect(quietly.headers.get("last-modified")).toBe(found.headers.get("last-modified"));

      expect(await at.fhir.send("PUT", `/Encounter?${criteria}`, numbered("IMP"))).toMatchObject({ status: 200, body: { id } });
      const patch = JSON.stringify([{ op: "replace", path: "/class/code", value: "AMB" }]);
      const patched = await at.fhir.send("PATCH", `/Encounter?${criteria}`, patch, { "Content-Type": "application/json-patch+json" });
      expect(patched).toMatchObject({ status: 200, body: { id, meta: { versionId: "3" }, class: { code: "AMB" } } });
      await created(numbered("IMP"));
      for (const [method, body] of [
        ["PUT", numbered("AMB")],
        ["PATCH", patch],
        ["DELETE", undefined],
      ] as const) {
        const headers: Record<string, string> = method === "PATCH" ? { "Content-Type": "application/json-patch+json" } : {};
        expect((await at.fhir.send(method, `/Encounter?${criteria}`, body, headers)).status).toBe(412);
      }
      expect((await at.fhir.create(numbered("IMP"), { "If-None-Exist": criteria })).status).toBe(412);
      expect((await at.fhir.send("DELETE", `/Encounter/${id}`)).status).toBe(204);
      expect((await at.fhir.send("DELETE", `/Encounter?${criteria}`)).status).toBe(204);
      expect((await at.fhir.get(`/Encounter?${criteria}`)).body.total).toBe(0);
    });
  });

  describe("history", () => {
    it("lists versions newest first, including deletions, in pages", async () => {
      const patient = await created();
      for (const gender of ["male", "other"]) await at.fhir.send("PUT", `/Patient/${patient.id}`, { ...patient, gender });
      await at.fhir.send("DELETE", `/Patient/${patient.id}`);
      const seen: string[] = [];
      for (let next: string | undefined = `/Patient/${patient.id}/_history?_count=2`; next; ) {
        const { body } = await at.fhir.get(next);
        seen.push(...body.entry.map((it: { request: { method: string } }) => it.request.method));
        next = body.link.find((link: { relation: string }) => link.relation === "next")?.url;
      }
      expect(seen).toEqual(["DELETE", "PUT", "PUT", "POST"]);
    });

    it("returns what was current at a time, and what came since", async () => {
      const patient = await created();
      await new Promise((resolve) => setTimeout(resolve, 5)); // the versions differ in their millisecond
      const between = new Date().toISOString();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await at.fhir.send("PUT", `/Patient/${patient.id}`, { ...patient, gender: "other" });
      const versions = async (query: string) =>
        ((await at.fhir.get(`/Patient/${patient.id}/_history?${query}`)).body.entry ?? []).map(
          (it: { resource: { meta: { versionId: string } } }) => it.resource.meta.versionId,
        );
      expect(await versions(`_at=${between}`)).toEqual(["1"]);
      expect(await versions(`_since=${between}`)).toEqual(["2"]);
      expect(await at.fhir.get(`/Patient/${patient.id}/_history?_since=yesterday`)).toMatchObject({
        status: 400,
        body: outcomeWith("value"),
      });
    });

    it("of the whole system begins with the latest write", async () => {
      const { id } = await created({ resourceType: "Condition", subject: { reference: "Patient/1" } });
      const { body } = await at.fhir.get("/_history?_count=1");
      expect(body.entry[0].resource.id).toBe(id);
      expect((await at.fhir.get("/Condition/_history?_count=1")).body.entry[0].resource.id).toBe(id);
    });
  });

  describe("patch", () => {
    const json = { "Content-Type": "application/json-patch+json" };

    it("changes the elements that it names only", async () => {
      const { id } = await created();
      const answer = await at.fhir.send(
        "PATCH",
        `/Patient/${id}`,
        JSON.stringify([{ op: "add", path: "/name/0/given/-", value: "Maria" }]),
        json,
      );
      expect(answer).toMatchObject({ status: 200, body: { name: [{ family: "Rossi", given: ["Ada", "Maria"] }] } });
    });

    it("refuses a version that is no longer current, even if the patch would apply", async () => {
      const { id } = await created();
      const change = (version: string) =>
        at.fhir.send("PATCH", `/Patient/${id}`, '[{"op":"add","path":"/birthDate","value":"2001-01-01"}]', {
          ...json,
          "If-Match": version,
        });
      expect((await change('W/"1"')).status).toBe(200);
      expect(await change('W/"1"')).toMatchObject({ status: 412, body: outcomeWith("conflict") });
      expect((await at.fhir.get(`/Patient/${id}`)).body.meta.versionId).toBe("2");
    });

    it("loses no change of 16 concurrent patches", async () => {
      const { id } = await created();
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          at.fhir.send("PATCH", `/Patient/${id}`, JSON.stringify([{ op: "add", path: "/name/0/given/-", value: `G${index}` }]), json),
        ),
      );
      const done = answers.filter((it) => it.status === 200).length;
      for (const it of answers) if (it.status !== 200) expect(it).toMatchObject({ status: 412 });
      expect((await at.fhir.get(`/Patient/${id}`)).body.name[0].given).toHaveLength(1 + done);
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
      expect((await at.fhir.send("PATCH", `/Patient/${id}`, JSON.stringify(operations), json)).status).toBe(status);
      expect((await at.fhir.get(`/Patient/${id}`)).body.meta.versionId).toBe("1");
    });
  });

  describe("the form of an answer", () => {
    it("is the summary, or the requested elements", async () => {
      const { id } = await created({ ...rossi, maritalStatus: { text: "married" } });
      expect((await at.fhir.get(`/Patient/${id}?_summary=true`)).body).not.toHaveProperty("maritalStatus");
      expect(Object.keys((await at.fhir.get(`/Patient/${id}?_elements=gender`)).body)).toEqual(["resourceType", "id", "meta", "gender"]);
      expect((await at.fhir.get(`/Patient/${id}?_summary=most`)).status).toBe(400);
    });

    it("is indented for people, and JSON only", async () => {
      expect((await at.fhir.get("/metadata?_pretty=true")).text).toContain('\n  "resourceType"');
      expect(await at.fhir.get("/metadata", { Accept: "application/xml" })).toMatchObject({
        status: 406,
        body: outcomeWith("not-supported"),
      });
      expect((await at.fhir.get("/metadata?_format=xml")).status).toBe(406);
      expect((await at.fhir.get("/metadata?_format=json", { Accept: "application/xml" })).status).toBe(200);
    });

    it("is compressed if the client accepts it", async () => {
      expect((await at.fhir.get("/metadata", { "Accept-Encoding": "gzip" })).headers.get("content-encoding")).toBe("gzip");
      expect((await at.fhir.get("/metadata", { "Accept-Encoding": "gzip;q=0" })).headers.get("content-encoding")).toBeNull();
    });
  });

  describe("search over HTTP", () => {
    it("searches by POST as by GET", async () => {
      await created({ ...rossi, name: [{ family: "Zeppelin" }] });
      const form = { "Content-Type": "application/x-www-form-urlencoded" };
      expect((await at.fhir.send("POST", "/Patient/_search", "name=zepp", form)).body.total).toBe(1);
      expect((await at.fhir.get("/Patient?name=zepp")).body.total).toBe(1);
      expect((await at.fhir.send("POST", "/Patient/_search", "{}")).status).toBe(415);
    });

    it("reports what it ignored, or refuses it, as the client prefers", async () => {
      const lenient = await at.fhir.get("/Patient?colour=blue&name=zepp");
      expect(lenient.body.link[0].url).not.toContain("colour");
      expect(lenient.body.entry.at(-1)).toMatchObject({ search: { mode: "outcome" }, resource: outcomeWith("not-supported") });
      expect((await at.fhir.get("/Patient?colour=blue", { Prefer: "handling=strict" })).status).toBe(400);
    });

    it("reports the largest page size if a larger one is requested", async () => {
      const { body } = await at.fhir.get("/Patient?_count=100000");
      expect(body.link[0].url).toMatch(/\?_count=1000$/);
    });

    it("does not accept a page link that was changed, or is of another search", async () => {
      for (let index = 0; index < 3; index += 1) await created();
      const { body } = await at.fhir.get("/Patient?_count=1");
      const next = new URL(body.link[1].url);
      const token = next.searchParams.get("_page") as string;
      expect((await at.fhir.get(`/Patient?_page=${token}`)).status).toBe(200);
      expect((await at.fhir.get(`/Observation?_page=${token}`)).status).toBe(400);
      expect((await at.fhir.get(`/Patient?_page=${token.startsWith("A") ? "B" : "A"}${token.slice(1)}`)).status).toBe(400);
    });

    it("finds the items of a List", async () => {
      const [a, b, c] = [await created(), await created(), await created()];
      const entry = [
        { item: { reference: `Patient/${a.id}` } },
        { item: { reference: `Patient/${b.id}` }, deleted: true },
        { item: { reference: "Condition/1" } },
      ];
      const { body } = await at.fhir.create({ resourceType: "List", status: "current", mode: "changes", entry });
      const found = (await at.fhir.get(`/Patient?_list=${body.id}`)).body;
      expect(found.entry.map((it: { resource: { id: string } }) => it.resource.id)).toEqual([a.id]);
      expect((await at.fhir.get(`/Patient?_list=${body.id}&_id=${c.id}`)).body.total).toBe(0);
      expect((await at.fhir.get("/Patient?_list=$current-allergies")).status).toBe(501);
    });

    it("finds words, in the narrative or anywhere", async () => {
      const text = { status: "generated", div: '<div xmlns="http://www.w3.org/1999/xhtml">allergic to <b>walnuts</b></div>' };
      const { id } = await created({ ...rossi, text, maritalStatus: { text: "separated" } });
      expect((await at.fhir.get("/Patient?_text=walnuts")).body.entry[0].resource.id).toBe(id);
      expect((await at.fhir.get("/Patient?_text=separated")).body.total).toBe(0);
      expect((await at.fhir.get("/Patient?_content=separated walnuts")).body.total).toBe(1);
      await at.fhir.send("DELETE", `/Patient/${id}`);
      expect((await at.fhir.get("/Patient?_text=walnuts")).body.total).toBe(0);
    });

    it("searches all types by parameters of all types", async () => {
      const { id } = await created();
      expect((await at.fhir.get(`?_id=${id}`)).body).toMatchObject({ total: 1 });
      expect((await at.fhir.get("?_type=Patient,Condition&_count=0")).body.total).toBeGreaterThan(1);
      expect((await at.fhir.get("?_type=Cat")).status).toBe(400);
    });
  });
});
