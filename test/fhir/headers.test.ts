import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { membershipOf } from "../../federation/membership.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** What clients write into headers, in all the forms that RFC 9110, RFC 7240 and FHIR R4 (http.html) allow. */
describe("the headers of a request", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let place: string;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients", "transactions", "visits", "hospitalizations"], nats: false, split: "broker" });
    fhir = fhirAt(mesh.base);
    place = `/Patient/${(await fhir.create({ resourceType: "Patient" })).body.id}`;
  });
  afterAll(() => mesh.stop());

  it.each(["return=minimal", 'return="minimal"', "RETURN=minimal", "return = minimal", 'handling=strict; wait=5, return="minimal"'])(
    "prefer no resource: %s",
    async (prefer) => {
      expect(await fhir.create({ resourceType: "Patient" }, { Prefer: prefer })).toMatchObject({ status: 201, text: "" });
    },
  );

  it.each([
    ["application/fhir+json; fhirVersion=4.0", 201],
    ['application/fhir+json; charset="utf-8"; fhirVersion=4.0.1', 201],
    ["application/fhir+json; fhirVersion=3.0", 415],
    ["application/fhir+json; fhirVersion=4.3", 415],
    ["application/fhir+json;fhirVersion=5.0; charset=utf-8", 415],
  ])("say of which version the body is: %s", async (type, status) => {
    expect((await fhir.create({ resourceType: "Patient" }, { "Content-Type": type })).status).toBe(status);
  });

  it.each([
    ["application/fhir+json; fhirVersion=4.0", 200],
    ["application/fhir+json; fhirVersion=3.0", 406],
    ["application/fhir+json; fhirVersion=5.0, application/fhir+json; fhirVersion=4.0; q=0.5", 200],
    ["application/fhir+xml, */*;q=0.1", 200],
    ["application/fhir+xml;q=1.0, application/fhir+json;q=0", 406],
  ])("say what the client takes: %s", async (accept, status) => {
    expect((await fhir.get(place, { Accept: accept })).status).toBe(status);
  });

  it("may be given in the query as well", async () => {
    expect(await fhir.get(`${place}?_format=application/fhir%2Bjson;fhirVersion=3.0`)).toMatchObject({
      status: 406,
      body: outcomeWith("not-supported"),
    });
  });

  it.each(['W/"1"', '"1"', "1", "*", '"7", W/"1"'])("name the version that the client has: %s", async (tag) => {
    expect((await fhir.get(place, { "If-None-Match": tag })).status).toBe(304);
  });

  it.each(['W/"2"', '"x"', ""])("name none that there is: %j", async (tag) => {
    expect((await fhir.get(place, { "If-None-Match": tag })).status).toBe(200);
  });

  it.each([
    ["Wed, 01 Jan 2999 00:00:00 GMT", 304],
    ["Tue Jan  1 00:00:00 2999", 304],
    ["Wed, 01 Jan 1999 00:00:00 GMT", 200],
    ["the day before yesterday", 200],
  ])("say since when the client knows it: %s", async (date, status) => {
    expect((await fhir.get(place, { "If-Modified-Since": date })).status).toBe(status);
  });

  it.each(["Patient", "Encounter"])("say since when a resource must not have changed, for a %s", async (type) => {
    const resource = { resourceType: type, ...(type === "Encounter" && { status: "finished", class: { code: "AMB" } }) };
    const { body, headers } = await fhir.create(resource);
    const one = `/${type}/${body.id}`;
    const now = headers.get("last-modified") ?? "";
    const before = new Date(Date.parse(now) - 1_000).toUTCString();
    const send = (method: string, date: string, more = {}, sent: unknown = { ...resource, id: body.id, language: "fr" }) =>
      fhir.send(method, one, sent, { "If-Unmodified-Since": date, ...more });
    const patch = [{ op: "add", path: "/language", value: "ar" }];
    const asPatch = { "Content-Type": "application/json-patch+json" };

    expect(await send("PUT", before)).toMatchObject({ status: 412, body: outcomeWith("conflict") });
    expect(await send("PATCH", before, asPatch, patch)).toMatchObject({ status: 412, body: outcomeWith("conflict") });
    expect(await send("DELETE", before, {}, undefined)).toMatchObject({ status: 412, body: outcomeWith("conflict") });
    expect((await fhir.get(one)).body.meta.versionId).toBe("1");

    const far = new Date(Date.now() + 60_000).toUTCString();
    expect((await send("PUT", far)).status).toBe(200);
    expect((await send("PATCH", far, asPatch, patch)).status).toBe(200);
    // Beside If-Match, and if it is no date, it has no effect.
    expect((await send("PUT", before, { "If-Match": 'W/"3"' })).status).toBe(200);
    expect((await send("PUT", "yesterday")).status).toBe(200);
    expect((await send("DELETE", far, {}, undefined)).status).toBe(204);
    expect(await send("PUT", far)).toMatchObject({ status: 412, body: outcomeWith("conflict") });

    const byCriteria = `/${type}?identifier=urn:x|nobody`;
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      const answer = await fhir.send(method, byCriteria, method === "PATCH" ? patch : resource, {
        "If-Unmodified-Since": far,
        ...(method === "PATCH" && asPatch),
      });
      expect(answer).toMatchObject({ status: 400, body: outcomeWith("not-supported") });
    }
  });

  it("with a star require any version, which must exist", async () => {
    const patient = { resourceType: "Patient", id: "any-version" };
    const put = () => fhir.send("PUT", "/Patient/any-version", patient, { "If-Match": "*" });
    expect((await put()).status).toBe(412);
    expect((await fhir.send("PUT", "/Patient/any-version", patient)).status).toBe(201);
    expect((await put()).status).toBe(200);
    expect((await fhir.send("DELETE", "/Patient/any-version")).status).toBe(204);
    expect((await put()).status).toBe(412);
  });

  it.each(["Patient", "Encounter"])(
    "name a version of a %s that is not there, which refuses what would have done something",
    async (type) => {
      const resource = { resourceType: type, ...(type === "Encounter" && { status: "finished", class: { code: "AMB" } }) };
      const byCriteria = `/${type}?identifier=urn:x|nobody`;
      const patch = { "Content-Type": "application/json-patch+json" };
      for (const tag of ['W/"1"', "*"]) {
        const headers = { "If-Match": tag };
        const never = `/${type}/never`;
        expect((await fhir.send("DELETE", never, undefined, headers)).status).toBe(412);
        expect((await fhir.send("PUT", never, { ...resource, id: "never" }, headers)).status).toBe(412);
        expect((await fhir.send("DELETE", byCriteria, undefined, headers)).status).toBe(412);
        expect((await fhir.send("PUT", byCriteria, resource, headers)).status).toBe(412);
        // These are in vain without it as well, which is told first (RFC 9110, 13.2.1).
        expect((await fhir.send("PATCH", never, "[]", { ...headers, ...patch })).status).toBe(404);
        expect((await fhir.send("PATCH", byCriteria, "[]", { ...headers, ...patch })).status).toBe(404);
      }
      const { id } = (await fhir.create(resource)).body;
      const remove = (tag: string) => fhir.send("DELETE", `/${type}/${id}`, undefined, { "If-Match": tag });
      expect(await Promise.all([remove('W/"2"')])).toMatchObject([{ status: 412, body: outcomeWith("conflict") }]);
      expect((await remove('W/"1"')).status).toBe(204);
      expect((await remove("*")).status).toBe(412);
      expect((await fhir.send("DELETE", `/${type}/${id}`)).status).toBe(204);
    },
  );

  it.each(["Patient", "Encounter"])("name a version of a %s that a write must not replace", async (type) => {
    const resource = { resourceType: type, ...(type === "Encounter" && { status: "finished", class: { code: "AMB" } }) };
    const { id } = (await fhir.create({ ...resource, identifier: [{ system: "urn:named", value: type }] })).body;
    const [one, byCriteria] = [`/${type}/${id}`, `/${type}?identifier=urn:named|${type}`];
    const patch = [{ op: "add", path: "/language", value: "ar" }];
    const asPatch = { "Content-Type": "application/json-patch+json" };
    const meta = { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta: { tag: [{ code: "new" }] } }] };
    const put = { ...resource, id, identifier: [{ system: "urn:named", value: type }] };
    const writes = (more: Record<string, string>) => [
      fhir.send("PATCH", one, patch, { ...asPatch, ...more }),
      fhir.send("PATCH", byCriteria, patch, { ...asPatch, ...more }),
      fhir.send("PUT", one, put, more),
      fhir.send("PUT", byCriteria, put, more),
      fhir.send("POST", `${one}/$meta-add`, meta, more),
      fhir.send("DELETE", one, undefined, more),
      fhir.send("DELETE", byCriteria, undefined, more),
    ];
    const entries = (ifNoneMatch: string) =>
      [
        { method: "PUT", url: one.slice(1), ifNoneMatch },
        { method: "DELETE", url: one.slice(1), ifNoneMatch },
      ].map((request) => ({ ...(request.method === "PUT" && { resource: put }), request }));
    const inBundle = (kind: string, entry: unknown) => fhir.send("POST", "", { resourceType: "Bundle", type: kind, entry: [entry] });

    for (const tag of ['W/"1"', "*", '"7", "1"']) {
      for (const refused of await Promise.all(writes({ "If-None-Match": tag }))) {
        expect(refused).toMatchObject({ status: 412, body: outcomeWith("conflict") });
      }
      for (const entry of entries(tag)) {
        expect(await inBundle("transaction", entry)).toMatchObject({ status: 412, body: outcomeWith("conflict") });
        expect((await inBundle("batch", entry)).body.entry).toMatchObject([{ response: { status: "412" } }]);
      }
    }
    expect(await fhir.send("DELETE", one, undefined, { "If-None-Match": "three" })).toMatchObject({ status: 400 });
    expect((await fhir.get(one)).body.meta.versionId).toBe("1");

    const other = { "If-None-Match": 'W/"99"' };
    expect((await fhir.send("PATCH", one, patch, { ...asPatch, ...other })).status).toBe(200);
    expect((await fhir.send("PUT", one, put, other)).status).toBe(200);
    expect((await fhir.send("PUT", byCriteria, put, other)).status).toBe(200);
    expect((await inBundle("transaction", entries('W/"99"')[0])).status).toBe(200);
    expect((await fhir.send("DELETE", one, undefined, other)).status).toBe(204);
    expect((await fhir.send("DELETE", one, undefined, { "If-None-Match": "*" })).status).toBe(204);
  });

  it("may give the CapabilityStatement that the client has", async () => {
    const answer = await fhir.get("/metadata");
    const tag = answer.headers.get("etag") as string;
    expect((await fhir.get("/metadata", { "If-None-Match": tag })).status).toBe(304);
    expect((await fhir.get("/metadata", { "If-None-Match": 'W/"another"' })).status).toBe(200);
    const part = await fhir.get("/metadata?_elements=software,rest.resource.type");
    expect(part.body).toMatchObject({ resourceType: "CapabilityStatement", software: { name: "OpenWard" }, kind: "instance" });
    expect(part.body.rest[0].resource[0]).toEqual({ type: expect.any(String) });
    expect((await fhir.get("/metadata?_summary=true")).text.length).toBeLessThan(answer.text.length / 2);
  });

  it("with a CapabilityStatement are out of date once a service is retired, not when its process ends", async () => {
    const tag = (await fhir.get("/metadata")).headers.get("etag") ?? "";
    await mesh.caller.destroyService("hospitalizations");
    await mesh.caller.destroyService("visits");
    expect((await fhir.get("/metadata", { "If-None-Match": tag })).status).toBe(304);
    membershipOf(mesh.caller).retire("visits");
    await new Promise(setImmediate); // the directory follows within the turn
    expect((await fhir.get("/metadata", { "If-None-Match": tag })).status).toBe(200);
  });
});
