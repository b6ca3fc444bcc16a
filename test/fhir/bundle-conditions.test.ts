/** Conditions in bundles (R4, http.html#trules): conditional references, ifNoneExist, ifMatch, criteria in place of an id. */
import { fhirMesh } from "../kit/fhir-mesh.ts";
import { type Entry, post, transaction } from "../kit/bundles.ts";
import { outcomeWith } from "../kit/fhir-http.ts";

describe("a bundle with conditions", () => {
  const at = fhirMesh(["api", "transactions", "patients", "personnel", "visits", "hospitalizations", "lab", "records", "billing"]);

  const idOf = (answer: { body: { entry: { response: { location: string } }[] } }, index: number) =>
    answer.body.entry[index]?.response.location.split("/_history")[0] as string;

  it("resolves conditional references, and refuses those with no match or several", async () => {
    await at.fhir.create({ resourceType: "Practitioner", identifier: [{ system: "urn:npi", value: "1" }] });
    const encounter = (value: string) =>
      post({
        resourceType: "Encounter",
        status: "finished",
        class: { code: "AMB" },
        participant: [{ individual: { reference: `Practitioner?identifier=urn:npi|${value}` } }],
      });
    const answer = await at.fhir.send("POST", "", transaction(encounter("1")));
    expect((await at.fhir.get(`/${idOf(answer, 0)}`)).body.participant[0].individual.reference).toMatch(/^Practitioner\/[\w.-]+$/);
    expect((await at.fhir.send("POST", "", transaction(encounter("2")))).status).toBe(412);
    await at.fhir.create({ resourceType: "Practitioner", identifier: [{ system: "urn:npi", value: "1" }] });
    expect(await at.fhir.send("POST", "", transaction(encounter("1")))).toMatchObject({
      status: 412,
      body: outcomeWith("multiple-matches"),
    });
  });

  it.each(["Patient", "Encounter"])("refuses to create a %s unless it exists where another entry makes it", async (type) => {
    const numbered = (...values: string[]) => ({
      resourceType: type,
      identifier: values.map((value) => ({ system: "urn:own", value })),
      ...(type === "Encounter" && { status: "finished", class: { code: values.length > 1 ? "IMP" : "AMB" } }),
    });
    const unless = (value: string) => ({ ifNoneExist: `identifier=urn:own|${value}` });
    const twice = transaction(post(numbered("1")), post(numbered("1", "2"), undefined, unless("1")));
    expect(await at.fhir.send("POST", "", twice)).toMatchObject({ status: 400, body: outcomeWith("duplicate") });
    const eachOther = transaction(post(numbered("1", "2"), undefined, unless("1")), post(numbered("1", "2"), undefined, unless("2")));
    expect(await at.fhir.send("POST", "", eachOther)).toMatchObject({ status: 400, body: outcomeWith("duplicate") });
    expect((await at.fhir.get(`/${type}?identifier=urn:own|1`)).body.total).toBe(0);
    const same = transaction(post(numbered("1"), undefined, unless("1")), post(numbered("1"), undefined, unless("1")), post(numbered("2")));
    const answer = await at.fhir.send("POST", "", same);
    expect(idOf(answer, 0)).toBe(idOf(answer, 1));
    expect((await at.fhir.get(`/${type}?identifier=urn:own|`)).body.total).toBe(2);
  });

  it("creates an Organization once that each of a thousand entries names by the same condition", async () => {
    const ward = (index: number) =>
      post(
        { resourceType: "Organization", name: `As entry ${index} has it`, identifier: [{ system: "urn:org", value: "shared" }] },
        undefined,
        {
          ifNoneExist: "identifier=urn:org|shared",
        },
      );
    const answer = await at.fhir.send("POST", "", transaction(...Array.from({ length: 1_000 }, (_, index) => ward(index))));
    expect([answer.status, idOf(answer, 0)]).toEqual([200, idOf(answer, 999)]);
    expect((await at.fhir.get("/Organization?identifier=urn:org|shared")).body.total).toBe(1);
  });

  it("creates what does not exist, once, and links to what exists", async () => {
    const bundle = (day: string) =>
      transaction(
        post({ resourceType: "Organization", name: "Clinic", identifier: [{ system: "urn:org", value: "7" }] }, "urn:uuid:org", {
          ifNoneExist: "identifier=urn:org|7",
        }),
        post({ resourceType: "Patient", birthDate: day, managingOrganization: { reference: "urn:uuid:org" } }),
      );
    const [first, second] = [await at.fhir.send("POST", "", bundle("1980-01-01")), await at.fhir.send("POST", "", bundle("1980-01-02"))];
    expect([first, second].map((it) => it.body.entry[0].response.status.slice(0, 3))).toEqual(["201", "200"]);
    expect(idOf(second, 0)).toBe(idOf(first, 0));
    expect((await at.fhir.get(`/${idOf(second, 1)}`)).body.managingOrganization.reference).toBe(idOf(first, 0));
  });

  it("refuses entries whose conditions match one resource, and lets a condition match what another entry changes", async () => {
    const identifier = [{ system: "urn:x", value: "overlap" }];
    const { id } = (await at.fhir.create({ resourceType: "Patient", identifier })).body;
    const patient = { resourceType: "Patient", identifier };
    const byCriteria = "Patient?identifier=urn:x|overlap";
    const put = (url: string, resource: Entry = patient) => ({ resource, request: { method: "PUT", url } });
    const remove = (url: string) => ({ request: { method: "DELETE", url } });
    const createUnless = (value: string) => post(patient, undefined, { ifNoneExist: `identifier=urn:x|${value}` });
    for (const entries of [
      [put(byCriteria), put(`Patient/${id}`, { ...patient, id })],
      [put(byCriteria), put(byCriteria)],
      [put(byCriteria), remove(`Patient/${id}`)],
      [remove(byCriteria), remove(`Patient/${id}`)],
      [createUnless("overlap"), put(byCriteria), remove(byCriteria)],
      [put("Patient?identifier=urn:x|new", { ...patient, id: "new" }), put("Patient/new", { ...patient, id: "new" })],
      [put("Patient?identifier=urn:x|new"), createUnless("new")],
      [createUnless("new"), put("Patient?identifier=urn:x|new")],
    ]) {
      expect(await at.fhir.send("POST", "", transaction(...entries))).toMatchObject({ status: 400, body: outcomeWith("invalid") });
    }
    expect((await at.fhir.get(`/Patient/${id}`)).body.meta.versionId).toBe("1");
    for (const entries of [
      [put(byCriteria), createUnless("overlap")],
      [createUnless("overlap"), put(`Patient/${id}`, { ...patient, id })],
    ]) {
      expect((await at.fhir.send("POST", "", transaction(...entries))).status).toBe(200);
    }
    expect((await at.fhir.get(`/${byCriteria}`)).body.total).toBe(1);
  });

  it.each(["Patient", "Encounter"])("refuses an ifMatch on a %s that is not there, and writes nothing", async (type) => {
    const identifier = [{ system: "urn:x", value: "no-match" }];
    const resource = { resourceType: type, identifier, ...(type === "Encounter" && { status: "finished", class: { code: "AMB" } }) };
    const other = post({ resourceType: "Patient", identifier: [{ system: "urn:x", value: "beside-no-match" }] });
    for (const ifMatch of ['W/"1"', "*"]) {
      for (const request of [
        { method: "PUT", url: `${type}/never`, ifMatch },
        { method: "DELETE", url: `${type}/never`, ifMatch },
        { method: "PUT", url: `${type}?identifier=urn:x|no-match`, ifMatch },
        { method: "DELETE", url: `${type}?identifier=urn:x|no-match`, ifMatch },
      ]) {
        const isById = request.url.endsWith("never");
        const entry = { ...(request.method === "PUT" && { resource: { ...resource, ...(isById && { id: "never" }) } }), request };
        expect([request, await at.fhir.send("POST", "", transaction(other, entry))]).toMatchObject([
          request,
          { status: 412, body: { issue: [{ code: "conflict", expression: ["Bundle.entry[1]"] }] } },
        ]);
      }
    }
    expect((await at.fhir.get("/Patient?identifier=urn:x|beside-no-match")).body.total).toBe(0);
    const { id } = (await at.fhir.create(resource)).body;
    const put = (ifMatch: string) => ({ resource: { ...resource, id }, request: { method: "PUT", url: `${type}/${id}`, ifMatch } });
    for (const entry of [put("*"), put('W/"2"'), { request: { method: "DELETE", url: `${type}/${id}`, ifMatch: "*" } }]) {
      expect((await at.fhir.send("POST", "", transaction(entry))).status).toBe(200);
    }
    expect((await at.fhir.send("POST", "", transaction(put("*")))).status).toBe(412);
  });
});
