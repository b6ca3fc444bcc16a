import { connect } from "node:net";
import { outcomeWith } from "../kit/fhir-http.ts";
import { hospital, rossi } from "../kit/hospital.ts";

/** Conditional create, update, delete and patch (http.html#ccreate, #cond-update), over HTTP. */
describe("conditional interactions over HTTP", () => {
  const at = hospital();
  const created = async (resource: object = rossi) =>
    (await at.fhir.create(resource)).body as Record<string, string> & { meta: { versionId: string } };

  const withNumber = (value: string, more: object = {}) => ({ ...rossi, identifier: [{ system: "urn:mrn", value }], ...more });

  it("create once, and return the existing resource afterwards", async () => {
    const first = await at.fhir.create(withNumber("c1"), { "If-None-Exist": "identifier=urn:mrn|c1" });
    const second = await at.fhir.create(withNumber("c1"), { "If-None-Exist": "identifier=urn:mrn|c1" });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.id).toBe(first.body.id);
  });

  it("update the only match, create if there is none, and refuse several", async () => {
    const put = (resource: object) => at.fhir.send("PUT", "/Patient?identifier=urn:mrn|c2", resource);
    const first = await put(withNumber("c2"));
    expect(first.status).toBe(201);
    expect(await put(withNumber("c2", { gender: "other" }))).toMatchObject({ status: 200, body: { id: first.body.id, gender: "other" } });
    await created(withNumber("c2"));
    expect(await put(withNumber("c2"))).toMatchObject({ status: 412, body: outcomeWith("multiple-matches") });
  });

  it.each(["a/b", "Patient/c1", "c1,a/b", `${"x".repeat(65)}`, " "])(
    "are refused for the id %j, which no resource can have",
    async (id) => {
      const criteria = `_id=${encodeURIComponent(id)}`;
      const refused = { status: 400, body: outcomeWith("value") };
      const before = (await at.fhir.get("/Patient?_summary=count")).body.total;
      expect(await at.fhir.send("PUT", `/Patient?${criteria}`, rossi)).toMatchObject(refused);
      expect(await at.fhir.create(rossi, { "If-None-Exist": criteria })).toMatchObject(refused);
      expect(await at.fhir.send("DELETE", `/Patient?${criteria}`)).toMatchObject(refused);
      const entry = [
        { resource: rossi, request: { method: "PUT", url: `Patient?${criteria}` } },
        { resource: rossi, request: { method: "POST", url: "Patient", ifNoneExist: criteria } },
      ];
      for (const one of entry) {
        expect(await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry: [one] })).toMatchObject(refused);
      }
      expect((await at.fhir.get("/Patient?_summary=count")).body.total).toBe(before);
      expect((await at.fhir.get(`/Patient?${criteria}`)).status).toBe(200);
    },
  );

  it("create under the id of a deleted resource as its next version, and never over an existing one", async () => {
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
        at.fhir.send("PUT", `/${resource.resourceType}?identifier=urn:mrn|${value}`, {
          ...resource,
          identifier: [{ system: "urn:mrn", value }],
          ...more,
        });
      expect((await put("reborn")).status).toBe(201);
      expect(await put("not-there")).toMatchObject({ status: 409, body: outcomeWith("duplicate") });
      await at.fhir.send("DELETE", `/${resource.resourceType}/reborn`);
      const moved = resource.resourceType === "Encounter" ? { class: { code: "IMP" } } : {};
      expect(await put("reborn", moved)).toMatchObject({ status: 201, body: { id: "reborn", meta: { versionId: "3" } } });
    }
  });

  it("delete the only match, nothing if there is none, and refuse several", async () => {
    await created(withNumber("c3"));
    await created(withNumber("c3"));
    expect((await at.fhir.send("DELETE", "/Patient?identifier=urn:mrn|c3")).status).toBe(412);
    await created(withNumber("c4"));
    expect((await at.fhir.send("DELETE", "/Patient?identifier=urn:mrn|c4")).status).toBe(204);
    expect((await at.fhir.get("/Patient?identifier=urn:mrn|c4")).body.total).toBe(0);
    expect((await at.fhir.send("DELETE", "/Patient?identifier=urn:mrn|c4")).status).toBe(204);
    expect((await at.fhir.send("DELETE", "/Patient")).status).toBe(412);
  });

  describe("by id accept no criteria, which would be ignored:", () => {
    const patch = [{ op: "add", path: "/gender", value: "other" }];
    it.each([
      ["family=x"],
      ["identifier=urn:mrn|c9"],
      ["_tag=x"],
      ["_lastUpdated=lt2020-01-01"],
      ["_has:Observation:patient:code=x"],
      ["_format=json&active=true"],
      ["hardDelete=true"],
    ])("%s", async (query) => {
      const { id } = await created();
      for (const [method, body] of [
        ["DELETE", undefined],
        ["PUT", { ...rossi, id }],
        ["PATCH", patch],
      ] as const) {
        const headers: Record<string, string> = method === "PATCH" ? { "Content-Type": "application/json-patch+json" } : {};
        expect(await at.fhir.send(method, `/Patient/${id}?${query}`, body, headers)).toMatchObject({
          status: 400,
          body: outcomeWith("invalid"),
        });
        const entry = { request: { method, url: `Patient/${id}?${query}` }, ...(method === "PUT" && { resource: body }) };
        if (method === "PATCH") continue;
        const batch = await at.fhir.send("POST", "", { resourceType: "Bundle", type: "batch", entry: [entry] });
        expect(batch.body.entry[0].response.status).toMatch(/^400/);
        const transaction = await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry: [entry] });
        expect(transaction.status).toBe(400);
      }
      expect((await at.fhir.get(`/Patient/${id}`)).body).toMatchObject({ id, meta: { versionId: "1" } });
    });

    it("except general parameters of clients", async () => {
      const { id } = await created();
      expect((await at.fhir.send("PUT", `/Patient/${id}?_format=json&_pretty=true`, { ...rossi, id, gender: "other" })).status).toBe(200);
      expect((await at.fhir.send("DELETE", `/Patient/${id}?_format=json&_cascade=delete`)).status).toBe(204);
    });
  });

  it("patch the only match", async () => {
    await created(withNumber("c5"));
    const patch = JSON.stringify([{ op: "replace", path: "/gender", value: "unknown" }]);
    const answer = await at.fhir.send("PATCH", "/Patient?identifier=urn:mrn|c5", patch, { "Content-Type": "application/json-patch+json" });
    expect(answer).toMatchObject({ status: 200, body: { gender: "unknown", meta: { versionId: "2" } } });
  });

  it("report that nothing matches the criteria of a patch", async () => {
    const answer = await at.fhir.send("PATCH", "/Patient?identifier=urn:mrn|c6", "[]", { "Content-Type": "application/json-patch+json" });
    expect(answer).toMatchObject({ status: 404, body: outcomeWith("not-found") });
    expect(answer.body.issue[0].diagnostics).toBe("No Patient matches identifier=urn:mrn|c6.");
  });

  describe("create once, in every form in which clients write the condition:", () => {
    const forms = (base: string, type: string, criteria: string) => [
      criteria,
      `?${criteria}`,
      `${type}?${criteria}`,
      `/${type}?${criteria}`,
      `${base}/fhir/${type}?${criteria}`,
      `${base.replace("http:", "HTTP:")}/fhir/${type}?${criteria}`,
      `${base.replace("127.0.0.1", "LocalHost")}/fhir/${type}?${criteria}`,
    ];
    const encounter = { resourceType: "Encounter", status: "finished", class: { code: "AMB" } };

    it.each([
      ["Patient", rossi],
      ["Encounter", encounter],
    ])("a %s", async (type, resource) => {
      const identified = { ...resource, identifier: [{ system: "urn:forms", value: "1" }] };
      const places = new Set<string>();
      for (const form of forms(at.mesh.base, type, "identifier=urn:forms%7C1")) {
        const alone = await at.fhir.create(identified, { "If-None-Exist": form });
        places.add(`${type}/${alone.body.id}`);
        for (const bundle of ["batch", "transaction"]) {
          const entry = [{ resource: identified, request: { method: "POST", url: type, ifNoneExist: form } }];
          const { body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type: bundle, entry });
          places.add(body.entry[0].response.location.replace(`${at.mesh.base}/fhir/`, "").split("/_history")[0]);
        }
      }
      expect(places.size).toBe(1);
    });

    it("also with the criteria in the URL, which R4 does not define", async () => {
      const first = await at.fhir.send("POST", "/Patient?identifier=urn:mrn|url&_format=json", withNumber("url"));
      const second = await at.fhir.send("POST", "/Patient?identifier=urn:mrn|url", withNumber("url"));
      expect([first.status, second.status, second.body.id]).toEqual([201, 200, first.body.id]);
      expect((await at.fhir.send("POST", "/Patient?nothing=1", withNumber("url"))).status).toBe(400);
      expect((await at.fhir.send("POST", "/Patient?_format=json&_pretty=true", rossi)).status).toBe(201);
    });

    it("with another name of this server too, but of no other server or type", async () => {
      const sent = (form: string) => at.fhir.create(withNumber("named"), { "If-None-Exist": form });
      const { port } = new URL(at.mesh.base);
      const byName = (form: string) => rawPost(Number(port), `localhost:${port}`, form, withNumber("named"));
      expect(await byName(`http://localhost:${port}/fhir/Patient?identifier=urn:mrn|named`)).toBe(201);
      expect((await sent("identifier=urn:mrn|named")).status).toBe(200);
      for (const form of [
        "http://other.example/fhir/Patient?identifier=urn:mrn|named",
        "Observation?identifier=urn:mrn|named",
        "/Patient",
      ]) {
        expect(await sent(form)).toMatchObject({ status: 400, body: outcomeWith("invalid") });
      }
      const entry = [{ resource: rossi, request: { method: "POST", url: "Patient", ifNoneExist: "Observation?identifier=1" } }];
      expect(await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).toMatchObject({
        status: 400,
        body: { issue: [{ expression: ["Bundle.entry[0].request.ifNoneExist"] }] },
      });
    });

    it("with letters in UTF-8, and a plus", async () => {
      const port = Number(new URL(at.mesh.base).port);
      const named = { resourceType: "Patient", name: [{ family: "Ängström" }], telecom: [{ system: "phone", value: "+39055" }] };
      for (const criteria of ["family:exact=Ängström", "telecom=+39055", "Patient?telecom=%2B39055"]) {
        expect([await rawPost(port, `127.0.0.1:${port}`, criteria, named), criteria]).toEqual([
          criteria.startsWith("family") ? 201 : 200,
          criteria,
        ]);
      }
      expect(await rawPost(port, `127.0.0.1:${port}`, "family:exact=Ängström", named)).toBe(200);
      const entry = [{ resource: named, request: { method: "POST", url: "Patient", ifNoneExist: "telecom=+39055" } }];
      for (const type of ["batch", "transaction"]) {
        const { body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type, entry });
        expect(body.entry[0].response.status).toMatch(/^200/);
      }
    });
  });

  it("return the location of the changed resource", async () => {
    const first = await at.fhir.send("PUT", "/Patient?identifier=urn:mrn|placed", withNumber("placed"));
    const minimal = { Prefer: "return=minimal" };
    const again = await at.fhir.send("PUT", "/Patient?identifier=urn:mrn|placed", withNumber("placed", { gender: "other" }), minimal);
    const patch = JSON.stringify([{ op: "replace", path: "/gender", value: "unknown" }]);
    const json = { "Content-Type": "application/json-patch+json", ...minimal };
    const patched = await at.fhir.send("PATCH", "/Patient?identifier=urn:mrn|placed", patch, json);
    const byId = await at.fhir.send("PUT", `/Patient/${first.body.id}`, { ...withNumber("placed"), id: first.body.id }, minimal);
    const made = await at.fhir.send(
      "PUT",
      "/Encounter/placed",
      { resourceType: "Encounter", id: "placed", status: "finished", class: { code: "AMB" } },
      minimal,
    );
    for (const [index, { status, headers, text }] of [first, again, patched, byId].entries()) {
      expect(status).toBe(index === 0 ? 201 : 200);
      if (index > 0) expect(text).toBe("");
      const place = `${at.mesh.base}/fhir/Patient/${first.body.id}/_history/${index + 1}`;
      expect([headers.get("location"), headers.get("content-location")]).toEqual([place, place]);
    }
    expect(made.headers.get("content-location")).toBe(`${at.mesh.base}/fhir/Encounter/placed/_history/1`);
  });
});

/** A create whose header goes out as the bytes of UTF-8, as curl sends it. @returns the status */
const rawPost = (port: number, host: string, ifNoneExist: string, resource: object): Promise<number> =>
  new Promise((resolve, reject) => {
    const body = Buffer.from(JSON.stringify(resource));
    const head = [
      "POST /fhir/Patient HTTP/1.1",
      `Host: ${host}`,
      "Content-Type: application/fhir+json",
      `Content-Length: ${body.length}`,
      `If-None-Exist: ${ifNoneExist}`,
      "Connection: close",
    ];
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(Buffer.from(`${head.join("\r\n")}\r\n\r\n`));
      socket.write(body);
    });
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(Number(answer.slice(9, 12))));
  });
