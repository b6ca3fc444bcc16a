import { fhirMesh } from "../kit/fhir-mesh.ts";
import { type Entry, post, transaction } from "../kit/bundles.ts";

type Resource = Entry & { resourceType: string };
const put = (resource: Resource, more: Entry = {}): Entry => ({
  resource,
  request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ...more },
});

/** R4's rules for bundles (http.html#trules) one by one, where it is easy to do almost the right thing. */
describe("a bundle", () => {
  const at = fhirMesh([
    "api",
    "transactions",
    "patients",
    "personnel",
    "visits",
    "hospitalizations",
    "lab",
    "records",
    "billing",
    "codification",
  ]);

  const placeOf = (answer: { body: { entry: { response: { location: string } }[] } }, index: number) =>
    answer.body.entry[index]?.response.location.split("/_history")[0] as string;

  it("does not change texts that look like a link to what it creates", async () => {
    const text = "Patient/x1";
    const communication = {
      resourceType: "Communication",
      status: "completed",
      subject: { reference: text },
      payload: [{ contentString: text }],
      note: [{ authorString: text, text: "x" }],
    };
    const answer = await at.fhir.send(
      "POST",
      "",
      transaction(
        post({ resourceType: "Patient", name: [{ family: text }] }, "http://other.org/fhir/Patient/x1"),
        post(communication, "http://other.org/fhir/Communication/c1"),
      ),
    );
    expect((await at.fhir.get(`/${placeOf(answer, 0)}`)).body.name).toEqual([{ family: text }]);
    const { body } = await at.fhir.get(`/${placeOf(answer, 1)}`);
    expect(body).toMatchObject({ ...communication, subject: { reference: placeOf(answer, 0) } });
  });

  it("stores definitions under their canonical URLs", async () => {
    const url = "http://example.org/fhir/StructureDefinition/own-address";
    const definition = {
      resourceType: "StructureDefinition",
      id: "own-address",
      url,
      name: "OwnAddress",
      status: "draft",
      kind: "complex-type",
      abstract: false,
      type: "Extension",
      baseDefinition: "http://hl7.org/fhir/StructureDefinition/Extension",
      derivation: "constraint",
      context: [{ type: "element", expression: "Patient" }],
      differential: { element: [{ id: "Extension.url", path: "Extension.url", fixedUri: url }] },
    };
    const patient = { resourceType: "Patient", id: "with-address", extension: [{ url, valueString: "x" }] };
    const answer = await at.fhir.send("POST", "", transaction({ fullUrl: url, ...put(definition) }, put(patient)));
    expect(answer.status).toBe(200);
    expect((await at.fhir.get("/StructureDefinition/own-address")).body).toMatchObject(definition);
    expect((await at.fhir.get("/Patient/with-address")).body).toMatchObject(patient);
  });

  const statusOf = async (entry: Entry) => (await at.fhir.send("POST", "", transaction(entry))).status;

  it.each(["Patient", "Encounter"])(
    "makes a %s only where none is, when it is asked to (If-None-Match: *), as a request of its own does",
    async (type) => {
      const resource = (id: string, code = "AMB"): Resource => ({
        resourceType: type,
        id,
        identifier: [{ system: "urn:absent", value: id }],
        ...(type === "Encounter" && { status: "finished", class: { code } }),
      });
      const absent = { ifNoneMatch: "*" };
      const single = async (id: string, url = `/${type}/${id}`, code?: string) =>
        (await at.fhir.send("PUT", url, resource(id, code), { "If-None-Match": "*" })).status;
      expect([await single("single"), await single("single"), await single("single", undefined, "IMP")]).toEqual([201, 412, 412]);
      expect(await single("single", `/${type}?identifier=urn:absent|single`)).toBe(412);
      expect([await statusOf(put(resource("bundled"), absent)), await statusOf(put(resource("bundled"), absent))]).toEqual([200, 412]);
      expect(await statusOf(put(resource("bundled", "IMP"), absent))).toBe(412);
      expect(await statusOf(put(resource("bundled"), { ...absent, url: `${type}?identifier=urn:absent|bundled` }))).toBe(412);
      for (const id of ["single", "bundled"]) expect((await at.fhir.get(`/${type}/${id}`)).body.meta.versionId).toBe("1");
      await at.fhir.send("DELETE", `/${type}/bundled`);
      expect(await statusOf(put(resource("bundled"), absent))).toBe(200);
      // Of many at the same moment one makes it.
      const raced = await Promise.all([
        ...Array.from({ length: 6 }, () => single("raced")),
        ...Array.from({ length: 6 }, () => statusOf(put(resource("raced"), absent))),
      ]);
      expect(raced.filter((status) => status < 300)).toHaveLength(1);
      expect(new Set(raced.filter((status) => status >= 300))).toEqual(new Set([412]));
    },
  );

  describe("resolves conditional references after all writes:", () => {
    const named = (value: string, id?: string): Resource => ({
      resourceType: "Patient",
      ...(id && { id }),
      identifier: [{ system: "urn:cr", value }],
    });
    const observation = (value: string): Resource => ({
      resourceType: "Observation",
      status: "final",
      code: { text: "x" },
      subject: { reference: `Patient?identifier=urn:cr|${value}` },
    });
    const send = (...entries: Entry[]) => at.fhir.send("POST", "", transaction(...entries));
    const subjectOf = async (place: string) => (await at.fhir.get(`/${place}`)).body.subject.reference as string;
    const noMatch = { status: 412, body: { issue: [{ code: "processing", expression: ["Bundle.entry[1]"] }] } };

    it("not to what the bundle deletes", async () => {
      await at.fhir.send("PUT", "/Patient/cr1", named("deleted", "cr1"));
      expect(await send({ request: { method: "DELETE", url: "Patient/cr1" } }, post(observation("deleted")))).toMatchObject(noMatch);
      expect((await at.fhir.get("/Patient/cr1")).status).toBe(200);
    });

    it("not to what no longer matches", async () => {
      await at.fhir.send("PUT", "/Patient/cr2", named("before", "cr2"));
      expect(await send(put(named("after", "cr2")), post(observation("before")))).toMatchObject(noMatch);
      const patch = Buffer.from(JSON.stringify([{ op: "remove", path: "/identifier" }])).toString("base64");
      const resource = { resourceType: "Binary", contentType: "application/json-patch+json", data: patch };
      expect(await send({ resource, request: { method: "PATCH", url: "Patient/cr2" } }, post(observation("before")))).toMatchObject(
        noMatch,
      );
      expect((await at.fhir.get("/Patient/cr2")).body.meta.versionId).toBe("1");
      const answer = await send(put(named("after", "cr2")), post(observation("after")));
      expect(await subjectOf(placeOf(answer, 1))).toBe("Patient/cr2");
    });

    it("to what it creates, by any entry, and to nothing if that is one of two", async () => {
      const answer = await send(post(observation("made")), post(named("made")));
      expect(await subjectOf(placeOf(answer, 0))).toBe(placeOf(answer, 1));
      const unless = await send(post(observation("unless")), post(named("unless"), undefined, { ifNoneExist: "identifier=urn:cr|unless" }));
      expect(await subjectOf(placeOf(unless, 0))).toBe(placeOf(unless, 1));
      expect(await send(post(observation("made")), post(named("made")))).toMatchObject({
        status: 412,
        body: { issue: [{ code: "multiple-matches" }] },
      });
    });

    it("to the only remaining one of several", async () => {
      for (const id of ["cr3", "cr4", "cr5"]) await at.fhir.send("PUT", `/Patient/${id}`, named("several", id));
      const remove = (id: string) => ({ request: { method: "DELETE", url: `Patient/${id}` } });
      const answer = await send(post(observation("several")), remove("cr3"), remove("cr4"));
      expect(await subjectOf(placeOf(answer, 0))).toBe("Patient/cr5");
    });

    it("also with the server's own base URL", async () => {
      await at.fhir.send("PUT", "/Patient/cr6", named("absolute", "cr6"));
      const reference = `${at.mesh.base}/fhir/Patient?identifier=urn:cr|absolute`;
      const answer = await send(post({ ...observation(""), subject: { reference } }));
      expect(await subjectOf(placeOf(answer, 0))).toBe("Patient/cr6");
    });

    it("and links in a patch", async () => {
      await at.fhir.send("PUT", "/Patient/cr7", named("patched", "cr7"));
      const { id } = (await at.fhir.create({ ...observation(""), subject: undefined })).body;
      const patch = [
        { op: "add", path: "/subject", value: { reference: "Patient?identifier=urn:cr|patched" } },
        { op: "add", path: "/performer", value: [{ reference: "urn:uuid:6f0e2b66-0c5a-4d4e-9d2f-00000000000a" }] },
      ];
      const data = Buffer.from(JSON.stringify(patch)).toString("base64");
      const answer = await send(
        {
          resource: { resourceType: "Binary", contentType: "application/json-patch+json", data },
          request: { method: "PATCH", url: `Observation/${id}` },
        },
        post({ resourceType: "Practitioner" }, "urn:uuid:6f0e2b66-0c5a-4d4e-9d2f-00000000000a"),
      );
      expect((await at.fhir.get(`/Observation/${id}`)).body).toMatchObject({
        subject: { reference: "Patient/cr7" },
        performer: [{ reference: placeOf(answer, 1) }],
      });
    });
  });

  describe("with a read that cannot succeed writes nothing:", () => {
    const mark = (value: string): Entry => post({ resourceType: "Patient", identifier: [{ system: "urn:read", value }] });
    const get = (url: string, method = "GET"): Entry => ({ request: { method, url } });
    beforeAll(async () => {
      await at.fhir.send("PUT", "/Patient/read-gone", { resourceType: "Patient", id: "read-gone" });
      await at.fhir.send("DELETE", "/Patient/read-gone");
      await at.fhir.send("PUT", "/Patient/read-there", { resourceType: "Patient", id: "read-there" });
    });

    it.each([
      ["of what never was", [get("Patient/nobody")], 404],
      ["of what never was, for its headers", [get("Patient/nobody", "HEAD")], 404],
      ["of what was deleted", [get("Patient/read-gone")], 410],
      ["of what the bundle deletes", [get("Patient/read-there"), { request: { method: "DELETE", url: "Patient/read-there" } }], 410],
      ["by an operation on what never was", [get("Patient/nobody/$everything", "POST")], 404],
      ["of a shared type", [get("Encounter/nobody")], 404],
      ["of a type that there is not", [get("Cat/1")], 404],
      ["of a type that nobody serves", [get("Location/1")], 404],
      ["of what is no place", [get("Patient/1/2/3/4")], 404],
      ["by a method that is not possible", [get("Patient/1/$meta-add")], 405],
      ["by an operation that there is not", [get("Patient/$nothing")], 501],
      ["that cannot be understood", [get("Patient?birthdate=soon")], 400],
      ["with a path that cannot be decoded", [get("Patient/%")], 400],
    ])("a read %s", async (_, [read, ...more], status) => {
      const answer = await at.fhir.send("POST", "", transaction(mark("vain"), read as Entry, ...more));
      expect(answer).toMatchObject({ status, body: { issue: [{ expression: [expect.stringMatching(/^Bundle\.entry\[1\]/)] }] } });
      expect((await at.fhir.get("/Patient?identifier=urn:read|vain")).body.total).toBe(0);
      expect((await at.fhir.get("/Patient/read-there")).status).toBe(200);
    });

    it("but a read of what the bundle creates finds it", async () => {
      const made = { resourceType: "Patient", id: "read-made" };
      const { status, body } = await at.fhir.send(
        "POST",
        "",
        transaction(get("Patient/read-made"), put(made), get("Patient?_id=read-made")),
      );
      expect(status).toBe(200);
      expect(body.entry[0].resource).toMatchObject(made);
      expect(body.entry[2].resource.total).toBe(1);
    });
  });

  it.each(["batch", "transaction"])("of type %s answers HEAD without the resource", async (type) => {
    await at.fhir.send("PUT", "/Patient/head", { resourceType: "Patient", id: "head" });
    const { body } = await at.fhir.send("POST", "", {
      resourceType: "Bundle",
      type,
      entry: [{ request: { method: "HEAD", url: "Patient/head" } }],
    });
    expect(body.entry).toEqual([{ response: { status: "200", etag: expect.any(String), lastModified: expect.any(String) } }]);
  });

  describe("calls operations:", () => {
    const call = (url: string, resource?: Entry): Entry => ({ ...(resource && { resource }), request: { method: "POST", url } });
    const tag = { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta: { tag: [{ system: "urn:op", code: "x" }] } }] };
    const validated: Entry = { resourceType: "Patient", gender: "unsaid" };

    it.each(["batch", "transaction"])("those that change nothing, in a %s", async (type) => {
      await at.fhir.send("PUT", "/Patient/op", { resourceType: "Patient", id: "op" });
      const { status, body } = await at.fhir.send("POST", "", {
        resourceType: "Bundle",
        type,
        entry: [call("Patient/$validate", validated), call("Patient/op/$everything"), call("Patient/op/$meta"), call("$meta")],
      });
      expect(status).toBe(200);
      expect(body.entry.map((it: { response: Entry }) => it.response.status)).toEqual(["200", "200", "200", "200"]);
      expect(body.entry.map((it: { resource: Entry }) => it.resource.resourceType)).toEqual([
        "OperationOutcome",
        "Bundle",
        "Parameters",
        "Parameters",
      ]);
      expect(body.entry[0].resource.issue[0]).toMatchObject({ severity: "error", expression: ["Patient.gender"] });
    });

    it.each(["batch", "transaction"])("and searches by POST, in a %s", async (type) => {
      await at.fhir.send("PUT", "/Patient/op", { resourceType: "Patient", id: "op", name: [{ family: "Operated" }] });
      const entry = [call("Patient/_search?_id=op"), call("_search?_type=Patient&_id=op"), call("Patient/op/Observation/_search?code=x")];
      const { status, body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type, entry });
      expect([status, body.entry.map((it: { resource: Entry }) => it.resource["total"])]).toEqual([200, [1, 1, 0]]);
      const withBody = await at.fhir.send("POST", "", { resourceType: "Bundle", type, entry: [call("Patient/_search?_id=op", tag)] });
      expect(JSON.stringify(withBody.body)).toContain("The criteria of a search are in request.url.");
    });

    it("those that change something in a batch only, not in a transaction", async () => {
      await at.fhir.send("PUT", "/Patient/op-meta", { resourceType: "Patient", id: "op-meta" });
      const entry = [call("Patient/op-meta/$meta-add", tag)];
      expect(await at.fhir.send("POST", "", transaction(...entry))).toMatchObject({
        status: 400,
        body: { issue: [{ code: "not-supported", expression: ["Bundle.entry[0].request.url"] }] },
      });
      const { body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type: "batch", entry });
      expect(body.entry[0].response.status).toBe("200");
      expect((await at.fhir.get("/Patient/op-meta")).body.meta).toMatchObject({ versionId: "2", tag: [{ code: "x" }] });
    });

    it("and reports those that do not exist", async () => {
      const entry = [call("Patient/$nothing", validated)];
      const { body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type: "batch", entry });
      expect(body.entry[0].response.status).toBe("501");
      expect((await at.fhir.send("POST", "", transaction(...entry))).status).toBe(501);
    });
  });

  it("with faults in resources of several services reports all of them, in the order of its entries", async () => {
    const entries = [
      post({ resourceType: "Observation", status: "unsaid", code: { text: "x" } }),
      post({ resourceType: "Patient", gender: "unsaid" }),
      post({ resourceType: "Practitioner" }),
      post({ resourceType: "Encounter", status: "unsaid", class: { code: "IMP" } }),
      post({ resourceType: "Encounter", status: "unsaid", class: { code: "AMB" } }),
      post({ resourceType: "Patient", gender: "unsaid", birthDate: "soon" }),
    ];
    const { status, body } = await at.fhir.send("POST", "", transaction(...entries));
    expect(status).toBe(422);
    expect(body.issue.map((it: { expression: string[] }) => it.expression[0])).toEqual([
      "Bundle.entry[0].resource.status",
      "Bundle.entry[1].resource.gender",
      "Bundle.entry[3].resource.status",
      "Bundle.entry[4].resource.status",
      "Bundle.entry[5].resource.gender",
      "Bundle.entry[5].resource.birthDate",
    ]);
    // Nothing is held by those whose resources were right.
    expect((await at.fhir.send("POST", "", transaction(...entries.slice(2, 3)))).status).toBe(200);
  });

  it("reports the entry of a fault of the Bundle itself", async () => {
    const found = { ...post({ resourceType: "Patient" }), search: { mode: "found" } };
    const { body } = await at.fhir.send("POST", "", transaction(post({ resourceType: "Patient" }), found));
    expect(body.issue[0].expression).toEqual(["Bundle.entry[1].search.mode"]);
  });

  it.each<[string, Entry, Entry]>([
    ["meta with an element that it has not", { meta: { foo: 1 } }, {}],
    ["a timestamp that is none", { timestamp: "x" }, {}],
    ["an id of other letters", { id: "a_b" }, {}],
    ["a link that is no list", { link: "x" }, {}],
    ["a total", { total: 1 }, {}],
    ["an entry that was found", {}, { search: { mode: "match" } }],
    ["an entry that is answered", {}, { response: { status: "200" } }],
    ["an address with a space", {}, { fullUrl: "http://example.org/Patient 1" }],
    ["an entry at a version's address", {}, { fullUrl: "http://example.org/Patient/1/_history/2" }],
  ])("that is no right Bundle itself is refused: %s", async (_, around, inside) => {
    const entry = { ...post({ resourceType: "Patient", identifier: [{ system: "urn:shell", value: "1" }] }), ...inside };
    const sent = (type: string) => at.fhir.send("POST", "", { resourceType: "Bundle", type, ...around, entry: [entry] });
    expect(await sent("transaction")).toMatchObject({ status: 400, body: { resourceType: "OperationOutcome" } });
    const batch = await sent("batch");
    expect(batch.body.entry?.[0].response.status ?? String(batch.status)).toBe("400");
    expect((await at.fhir.get("/Patient?identifier=urn:shell|1")).body.total).toBe(0);
  });
});
