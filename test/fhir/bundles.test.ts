/** Bundles over several services (R4, http.html#transaction): all or nothing, links rewritten everywhere. */
import { fhirMesh } from "../kit/fhir-mesh.ts";
import { type Entry, post, transaction } from "../kit/bundles.ts";
import { outcomeWith } from "../kit/fhir-http.ts";

describe("a bundle", () => {
  const at = fhirMesh(["api", "transactions", "patients", "personnel", "visits", "hospitalizations", "lab", "records", "billing"]);

  const idOf = (answer: { body: { entry: { response: { location: string } }[] } }, index: number) =>
    answer.body.entry[index]?.response.location.split("/_history")[0] as string;
  const total = async (query: string) => (await at.fhir.get(query)).body.total as number;

  it("links what it creates, wherever a link may be", async () => {
    const [patient, condition] = ["urn:uuid:6f0e2b66-0c5a-4d4e-9d2f-000000000001", "urn:uuid:6f0e2b66-0c5a-4d4e-9d2f-000000000002"];
    const answer = await at.fhir.send(
      "POST",
      "",
      transaction(
        post(
          {
            resourceType: "Condition",
            subject: { reference: patient },
            text: { status: "generated", div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${patient}">her</a></div>` },
          },
          condition,
        ),
        post(
          {
            resourceType: "Patient",
            identifier: [{ system: "urn:x", value: patient }],
            extension: [
              { url: "http://example.org/source", valueReference: { reference: "#p" } },
              { url: "http://example.org/problem", valueReference: { reference: condition } },
              { url: "http://example.org/link", valueUri: condition },
            ],
            contained: [
              {
                resourceType: "Provenance",
                id: "p",
                target: [{ reference: condition }],
                recorded: "2026-01-01T00:00:00Z",
                agent: [{ who: { display: "x" } }],
              },
            ],
          },
          patient,
        ),
      ),
    );
    expect(answer).toMatchObject({ status: 200, body: { type: "transaction-response" } });
    const [conditionRef, patientRef] = [idOf(answer, 0), idOf(answer, 1)];
    const stored = (await at.fhir.get(`/${patientRef}`)).body;
    expect(stored.extension.map((it: Entry) => (it.valueReference as Entry)?.reference ?? it.valueUri)).toEqual([
      "#p",
      conditionRef,
      conditionRef,
    ]);
    expect(stored.contained[0].target[0].reference).toBe(conditionRef);
    expect(stored.identifier[0].value).toBe(patient); // a business identifier is no link
    const problem = (await at.fhir.get(`/${conditionRef}`)).body;
    expect(problem.subject.reference).toBe(patientRef);
    expect(problem.text.div).toContain(`href="${patientRef}"`);
  });

  it("accepts entries that refer to each other in a circle", async () => {
    const answer = await at.fhir.send(
      "POST",
      "",
      transaction(
        post({ resourceType: "Patient", link: [{ other: { reference: "urn:uuid:b" }, type: "seealso" }] }, "urn:uuid:a"),
        post({ resourceType: "Patient", link: [{ other: { reference: "urn:uuid:a" }, type: "seealso" }] }, "urn:uuid:b"),
      ),
    );
    expect((await at.fhir.get(`/${idOf(answer, 0)}`)).body.link[0].other.reference).toBe(idOf(answer, 1));
    expect((await at.fhir.get(`/${idOf(answer, 1)}`)).body.link[0].other.reference).toBe(idOf(answer, 0));
  });

  it("creates one resource if 16 concurrent bundles create what does not exist", async () => {
    const bundle = (index: number) =>
      transaction(
        post({ resourceType: "Organization", identifier: [{ system: "urn:org", value: "race" }] }, "urn:uuid:org", {
          ifNoneExist: "identifier=urn:org|race",
        }),
        post({
          resourceType: "Patient",
          identifier: [{ system: "urn:race", value: String(index) }],
          managingOrganization: { reference: "urn:uuid:org" },
        }),
      );
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => at.fhir.send("POST", "", bundle(index))));
    expect(answers.map((it) => it.status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map((it) => idOf(it, 0))).size).toBe(1);
    expect(await total("/Organization?identifier=urn:org|race&_summary=count")).toBe(1);
    expect(await total(`/Patient?organization=${idOf(answers[0] as never, 0)}&_summary=count`)).toBe(16);
  });

  it("leaves nothing behind if one entry is refused", async () => {
    const mark = { identifier: [{ system: "urn:mark", value: "refused" }] };
    const refused = transaction(
      post({ resourceType: "Patient", ...mark }),
      post({ resourceType: "Condition", subject: { reference: "Patient/1" }, ...mark }),
      {
        resource: { resourceType: "Patient", id: "p-stale", ...mark },
        request: { method: "PUT", url: "Patient/p-stale", ifMatch: 'W/"4"' },
      },
    );
    expect(await at.fhir.send("POST", "", refused)).toMatchObject({ status: 412, body: { issue: [{ expression: ["Bundle.entry[2]"] }] } });
    expect(await total("/Patient?identifier=urn:mark|refused&_summary=count")).toBe(0);
    expect(await total("/Condition?identifier=urn:mark|refused&_summary=count")).toBe(0);
  });

  it("carries out every method, deletions first, and answers in the order of the request", async () => {
    const { body: old } = await at.fhir.create({ resourceType: "Patient", active: true });
    const { body: gone } = await at.fhir.create({ resourceType: "Condition", subject: { reference: "Patient/1" } });
    const patch = Buffer.from(JSON.stringify([{ op: "replace", path: "/active", value: false }])).toString("base64");
    const answer = await at.fhir.send(
      "POST",
      "",
      transaction(
        { request: { method: "GET", url: `Patient/${old.id}` } },
        {
          resource: { resourceType: "Binary", contentType: "application/json-patch+json", data: patch },
          request: { method: "PATCH", url: `Patient/${old.id}`, ifMatch: 'W/"1"' },
        },
        { resource: { resourceType: "Patient", id: "every-verb" }, request: { method: "PUT", url: "Patient/every-verb" } },
        { request: { method: "DELETE", url: `Condition/${gone.id}` } },
        post({ resourceType: "Observation", status: "final", code: { text: "x" } }),
      ),
      { Prefer: "return=representation" },
    );
    expect(answer.body.entry.map((it: { response: { status: string } }) => it.response.status.slice(0, 3))).toEqual([
      "200",
      "200",
      "201",
      "204",
      "201",
    ]);
    expect(answer.body.entry[0].resource).toMatchObject({ active: false }); // reads come last (R4, http.html#trules)
    expect(answer.body.entry[4].resource).toMatchObject({ resourceType: "Observation", meta: { versionId: "1" } });
  });

  it("moves a shared resource inside a bundle", async () => {
    const { body: visit } = await at.fhir.create({ resourceType: "Encounter", status: "in-progress", class: { code: "AMB" } });
    const stay = { ...visit, class: { code: "ACUTE" } };
    const answer = await at.fhir.send(
      "POST",
      "",
      transaction(
        { resource: stay, request: { method: "PUT", url: `Encounter/${visit.id}`, ifMatch: 'W/"1"' } },
        post({ resourceType: "Patient" }),
      ),
    );
    expect(answer.body.entry[0].response).toMatchObject({ status: "200 OK", location: `Encounter/${visit.id}/_history/2` });
    expect(
      (
        await at.fhir.send(
          "POST",
          "",
          transaction({ resource: visit, request: { method: "PUT", url: `Encounter/${visit.id}`, ifMatch: 'W/"1"' } }),
        )
      ).status,
    ).toBe(412);
  });

  it("accepts a thousand entries", async () => {
    const entries = Array.from({ length: 1_000 }, (_, index) =>
      post({
        resourceType: "Observation",
        status: "final",
        code: { text: "x" },
        method: { coding: [{ system: "urn:m", code: "thousand" }] },
        valueInteger: index,
      }),
    );
    const answer = await at.fhir.send("POST", "", transaction(...entries));
    expect(answer.body.entry).toHaveLength(1_000);
    expect(await total("/Observation?method=urn:m|thousand&_summary=count")).toBe(1_000);
  });

  it("patches and reads more resources than an owner accepts at once", async () => {
    const ids = Array.from({ length: 1_500 }, (_, index) => `many${index}`);
    const statuses = async (type: string, entry: Entry[]) => {
      const { body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type, entry });
      return [...new Set(body.entry?.map((it: { response: { status: string } }) => it.response.status))];
    };
    const put = ids.map((id) => ({ resource: { resourceType: "Patient", id }, request: { method: "PUT", url: `Patient/${id}` } }));
    expect(await statuses("transaction", put)).toEqual(["201 Created"]);
    const resource = {
      resourceType: "Binary",
      contentType: "application/json-patch+json; charset=utf-8",
      data: Buffer.from('[{"op":"add","path":"/gender","value":"female"}]').toString("base64"),
    };
    const patches = ids.map((id) => ({ resource, request: { method: "PATCH", url: `Patient/${id}` } }));
    expect(await statuses("transaction", patches)).toEqual(["200 OK"]);
    const reads = ids.map((id) => ({ request: { method: "GET", url: `Patient/${id}` } }));
    expect(await statuses("transaction", reads)).toEqual(["200"]);
    expect(await statuses("batch", reads)).toEqual(["200"]);
  });

  it.each([
    ["no patch", "Patient/patched", { resourceType: "Patient" }, 400],
    ["an operation that does not fit", "Patient/patched", [{ op: "remove", path: "/gender" }], 422],
    ["an operation on the id", "Patient/patched", [{ op: "replace", path: "/id", value: "other" }], 422],
    ["a patient who is not there", "Patient/nobody", [{ op: "add", path: "/active", value: true }], 404],
    ["criteria that find nobody", "Patient?identifier=urn:x|nobody", [{ op: "add", path: "/active", value: true }], 404],
  ])("names the entry of a patch that is refused: %s", async (_, url, patch, status) => {
    await at.fhir.send("PUT", "/Patient/patched", { resourceType: "Patient", id: "patched" });
    const resource = Array.isArray(patch)
      ? { resourceType: "Binary", contentType: "application/json-patch+json", data: Buffer.from(JSON.stringify(patch)).toString("base64") }
      : patch;
    const answer = await at.fhir.send(
      "POST",
      "",
      transaction(post({ resourceType: "Patient" }), { resource, request: { method: "PATCH", url } }),
    );
    expect(answer).toMatchObject({ status, body: { issue: [{ expression: [expect.stringMatching(/^Bundle\.entry\[1\]/)] }] } });
  });

  it.each([
    [
      "two entries for one resource",
      transaction(
        { resource: { resourceType: "Patient", id: "x" }, request: { method: "PUT", url: "Patient/x" } },
        { request: { method: "DELETE", url: "Patient/x" } },
      ),
      400,
    ],
    [
      "one fullUrl twice",
      transaction(post({ resourceType: "Patient" }, "urn:uuid:same"), post({ resourceType: "Patient" }, "urn:uuid:same")),
      400,
    ],
    ["an entry without request", transaction({ resource: { resourceType: "Patient" } }), 400],
    [
      "a resource of another type than its url",
      transaction({ resource: { resourceType: "Patient" }, request: { method: "POST", url: "Group" } }),
      400,
    ],
    ["an unknown method", transaction({ request: { method: "BREW", url: "Patient" } }), 400],
    ["a type that there is not", transaction({ resource: { resourceType: "Cat" }, request: { method: "POST", url: "Cat" } }), 400],
    ["a type that nobody here serves", transaction(post({ resourceType: "Location" })), 404],
    ["a searchset", { resourceType: "Bundle", type: "searchset" }, 400],
    ["no bundle", { resourceType: "Patient" }, 400],
    ["entries that are no list", { resourceType: "Bundle", type: "transaction", entry: {} }, 400],
    ["a batch whose entries are no list", { resourceType: "Bundle", type: "batch", entry: {} }, 400],
    ["a misspelt condition", transaction(post({ resourceType: "Patient" }, undefined, { ifNoneExists: "identifier=1" })), 400],
    ["a misspelt fullUrl", transaction({ ...post({ resourceType: "Patient" }), fullURL: "urn:uuid:1" }), 400],
    ["misspelt entries", { resourceType: "Bundle", type: "transaction", entries: [post({ resourceType: "Patient" })] }, 400],
    [
      "a batch of more than 10,000 entries",
      {
        resourceType: "Bundle",
        type: "batch",
        entry: Array.from({ length: 10_001 }, () => ({ request: { method: "GET", url: "Patient" } })),
      },
      413,
    ],
  ])("refuses %s", async (_, bundle, status) => {
    expect(await at.fhir.send("POST", "", bundle)).toMatchObject({ status, body: { resourceType: "OperationOutcome" } });
  });

  it.each(["batch", "transaction"])("has the outcome of each write beside its status, if preferred: %s", async (type) => {
    const validated: Entry = { resource: { resourceType: "Patient" }, request: { method: "POST", url: "Patient/$validate" } };
    const { entry } = transaction(post({ resourceType: "Patient" }), validated);
    const { body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type, entry }, { Prefer: "return=OperationOutcome" });
    expect(body.entry).toEqual([
      { response: expect.objectContaining({ outcome: outcomeWith("informational") }) },
      { resource: outcomeWith("informational"), response: expect.not.objectContaining({ outcome: expect.anything() }) },
    ]);
  });

  it("an empty transaction is valid", async () => {
    expect(await at.fhir.send("POST", "", transaction())).toMatchObject({ status: 200, body: { type: "transaction-response" } });
  });

  it("of type batch answers each entry by itself", async () => {
    const answer = await at.fhir.send("POST", "", {
      resourceType: "Bundle",
      type: "batch",
      entry: [
        post({ resourceType: "Patient" }),
        { request: { method: "GET", url: "Patient/none" } },
        { request: { method: "GET", url: "Patient?_summary=count" } },
        { request: {} },
        post({ resourceType: "Patient" }, undefined, { ifNoneExist: "colour=blue" }),
      ],
    });
    expect(answer.body).toMatchObject({
      type: "batch-response",
      entry: [
        { response: { status: "201" } },
        { response: { status: "404", outcome: outcomeWith("not-found") } },
        { response: { status: "200" } },
        { response: { status: "400" } },
        { response: { status: "400" } },
      ],
    });
  });

  it("of type batch has the same lastModified as the resource", async () => {
    const { id } = (await at.fhir.create({ resourceType: "Patient" })).body;
    const entry = [post({ resourceType: "Patient" }), { request: { method: "GET", url: `Patient/${id}` } }];
    const { body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type: "batch", entry });
    for (const { resource, response } of body.entry) expect(response.lastModified).toBe(resource.meta.lastUpdated);
  });

  it.each(["batch", "transaction"])("patches in a %s, by Parameters and by a JSON Patch in a Binary", async (type) => {
    const { id } = (await at.fhir.create({ resourceType: "Patient", gender: "female" })).body;
    const jsonPatch = JSON.stringify([{ op: "replace", path: "/gender", value: "other" }]);
    const part = (name: string, value: Entry) => ({ name, ...value });
    const entry = [
      { resourceType: "Binary", contentType: "application/json-patch+json", data: Buffer.from(jsonPatch).toString("base64") },
      {
        resourceType: "Parameters",
        parameter: [
          {
            name: "operation",
            part: [
              part("type", { valueCode: "replace" }),
              part("path", { valueString: "Patient.gender" }),
              part("value", { valueCode: "male" }),
            ],
          },
        ],
      },
    ].map((resource) => ({ resourceType: "Bundle", type, entry: [{ resource, request: { method: "PATCH", url: `Patient/${id}` } }] }));
    for (const [index, gender] of ["other", "male"].entries()) {
      const answer = await at.fhir.send("POST", "", entry[index]);
      expect(answer.body.entry[0].response.status).toMatch(/^200/);
      expect((await at.fhir.get(`/Patient/${id}`)).body).toMatchObject({ gender });
    }
  });
});
