import { hospital, rossi } from "../kit/hospital.ts";

/** What `_summary` and `_elements` have cut is tagged SUBSETTED, so that no one takes it for the whole. */
describe("a SUBSETTED resource is not stored", () => {
  const at = hospital();
  const encounter = { resourceType: "Encounter", status: "finished", class: { code: "AMB" } };
  const refused = {
    status: 422,
    body: {
      issue: [
        {
          code: "business-rule",
          diagnostics: expect.stringContaining("SUBSETTED"),
          expression: [expect.stringMatching(/meta\.tag\[0\]$/)],
        },
      ],
    },
  };

  const partOf = async (resource: object, how: string) => {
    const { id, resourceType } = (await at.fhir.create(resource)).body;
    return { place: `${resourceType}/${id}`, part: (await at.fhir.get(`/${resourceType}/${id}?${how}`)).body };
  };

  it.each([
    ["Patient", "_elements=gender", { ...rossi, identifier: [{ system: "urn:part", value: "1" }] }],
    ["Patient", "_summary=true", { ...rossi, identifier: [{ system: "urn:part", value: "2" }] }],
    ["Encounter", "_elements=status", { ...encounter, identifier: [{ system: "urn:part", value: "3" }] }],
  ])("%s %s: by no door", async (type, how, resource) => {
    const { place, part } = await partOf(resource, how);
    const { id: _, ...nameless } = part;
    const send = (method: string, path: string, body: object, headers = {}) => at.fhir.send(method, path, body, headers);
    const bundled = (kind: string, request: object, body: object) =>
      send("POST", "", { resourceType: "Bundle", type: kind, entry: [{ resource: body, request }] });
    const criteria = `identifier=urn:part|${resource.identifier[0]?.value}`;
    const absent = "identifier=urn:part|none";

    expect(await send("PUT", `/${place}`, part)).toMatchObject(refused);
    expect(await send("PUT", `/${type}?${criteria}`, part)).toMatchObject(refused);
    expect(await send("PUT", `/${type}?${absent}`, nameless)).toMatchObject(refused);
    expect(await send("POST", `/${type}`, nameless)).toMatchObject(refused);
    expect(await send("POST", `/${type}`, nameless, { "If-None-Exist": absent })).toMatchObject(refused);
    const patch = JSON.stringify([{ op: "add", path: "/meta/tag", value: part.meta.tag }]);
    expect(await send("PATCH", `/${place}`, JSON.parse(patch), { "Content-Type": "application/json-patch+json" })).toMatchObject(refused);
    const meta = { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta: { tag: part.meta.tag } }] };
    expect(await send("POST", `/${place}/$meta-add`, meta)).toMatchObject(refused);
    expect(await bundled("transaction", { method: "PUT", url: place }, part)).toMatchObject(refused);
    expect(await bundled("transaction", { method: "PUT", url: `${type}?${criteria}` }, part)).toMatchObject(refused);
    expect(await bundled("transaction", { method: "POST", url: type }, nameless)).toMatchObject(refused);
    for (const [request, body] of [
      [{ method: "PUT", url: place }, part],
      [{ method: "POST", url: type, ifNoneExist: absent }, nameless],
    ]) {
      const answer = await bundled("batch", request, body);
      expect(answer.body.entry[0].response).toMatchObject({ status: "422", outcome: { issue: [{ code: "business-rule" }] } });
    }
    const { body, status } = await at.fhir.get(`/${place}`);
    expect({ status, body }).toMatchObject({ status: 200, body: { ...resource, meta: { versionId: "1" } } });
    expect((await at.fhir.get(`/${type}?identifier=urn:part|${resource.identifier[0]?.value}`)).body.total).toBe(1);
  });

  it("with the older system, and without one; the code of another system is another tag", async () => {
    const tagged = (tag: object) => at.fhir.create({ ...rossi, meta: { tag: [tag] } });
    for (const tag of [{ code: "SUBSETTED" }, { system: "http://hl7.org/fhir/v3/ObservationValue", code: "SUBSETTED" }]) {
      expect(await tagged(tag)).toMatchObject(refused);
    }
    expect((await tagged({ system: "urn:own", code: "SUBSETTED" })).status).toBe(201);
  });

  it("nor contained in another, through any API", async () => {
    const { part } = await partOf(rossi, "_elements=gender");
    const contained = [{ ...part, id: "p", meta: { tag: part.meta.tag } }];
    const condition = { resourceType: "Condition", subject: { reference: "#p" }, contained };
    const within = { ...refused.body.issue[0], expression: [expect.stringMatching(/contained\[0\]\.meta\.tag\[0\]$/)] };
    const refusedWithin = { status: 422, body: { issue: [within] } };
    const { body } = await at.fhir.create({ resourceType: "Condition", subject: { reference: "Patient/x" } });
    expect(await at.fhir.create(condition)).toMatchObject(refusedWithin);
    expect(await at.fhir.send("PUT", `/Condition/${body.id}`, { ...condition, id: body.id })).toMatchObject(refusedWithin);
    const entry = [{ resource: condition, request: { method: "POST", url: "Condition" } }];
    expect(await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).toMatchObject(refusedWithin);
  });

  it("but is kept in a Bundle that is stored as a search result", async () => {
    const { part } = await partOf(rossi, "_elements=gender");
    const entry = [{ fullUrl: "http://example.org/Patient/1", resource: part }];
    expect((await at.fhir.create({ resourceType: "Bundle", type: "collection", entry })).status).toBe(201);
  });
});

describe("a name in _elements that the type does not have", () => {
  const at = hospital();
  const outcomeOf = async (query: string, headers = {}) => {
    const { status, body } = await at.fhir.get(query, headers);
    const { resource } = body.entry?.find((it: { search: { mode: string } }) => it.search.mode === "outcome") ?? {};
    return { status, issue: (resource ?? body).issue?.[0] };
  };

  it.each([
    ["Patient", "birthdate", '"_elements" names birthdate, which Patient does not have; birthDate is one.'],
    ["Observation", "code,valueQty", '"_elements" names valueQty, which Observation does not have.'],
    ["Encounter", "Encounter.patient", '"_elements" names Encounter.patient, which Encounter does not have.'],
  ])("is reported, or refused if strict: %s %s", async (type, names, diagnostics) => {
    const issue = { code: "not-supported", diagnostics, expression: ["_elements"] };
    expect(await outcomeOf(`/${type}?_elements=${names}`)).toMatchObject({ status: 200, issue: { ...issue, severity: "warning" } });
    expect(await outcomeOf(`/${type}?_elements=${names}`, { Prefer: "handling=strict" })).toMatchObject({ status: 400, issue });
  });

  it.each([
    "id,meta,birthDate",
    "Patient.name.family",
    "deceased[x],multipleBirth,multipleBirthInteger",
    "text,extension,contained",
    "name,Observation.code",
  ])("is not among these of Patient: %s", async (names) => {
    expect(await outcomeOf(`/Patient?_elements=${names}`, { Prefer: "handling=strict" })).toEqual({ status: 200, issue: undefined });
  });
});
