import { hospital, rossi } from "../kit/hospital.ts";

/** What an update does with `meta` (FHIR R4, resource.html#Meta): a PUT must not take away who may see a resource. */
describe("tags and security labels", () => {
  const at = hospital();
  const restricted = { system: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", code: "R" };
  const [tag, other] = [
    { system: "urn:tag", code: "a", display: "A" },
    { system: "urn:tag", code: "b" },
  ];
  const profile = ["http://hl7.org/fhir/StructureDefinition/Patient"];
  const encounter = { resourceType: "Encounter", status: "finished", class: { code: "AMB" } };
  const send = (method: string, path: string, body: object, headers = {}) => at.fhir.send(method, path, body, headers);
  const bundled = (kind: string, request: object, resource: object) =>
    send("POST", "", { resourceType: "Bundle", type: kind, entry: [{ resource, request }] });
  const metaOf = async (place: string) => (await at.fhir.get(`/${place}`)).body.meta;
  const made = async (resource: object, meta: object = { security: [restricted], tag: [tag] }) => {
    const { body } = await at.fhir.create({ ...resource, meta });
    return { ...resource, id: body.id as string };
  };

  describe.each([
    ["Patient", rossi, { gender: "other" }],
    ["Encounter", encounter, { status: "cancelled" }],
    ["Encounter that moves to another owner", encounter, { class: { code: "IMP" } }],
  ])("of a %s", (_, resource, change) => {
    const type = resource.resourceType;

    it("are kept when an update omits them, through every API", async () => {
      const updates: ((own: { id: string }) => Promise<{ status: number }>)[] = [
        (own) => send("PUT", `/${type}/${own.id}`, { ...own, ...change }),
        (own) => send("PUT", `/${type}/${own.id}`, { ...own, ...change }, { "If-Match": 'W/"1"' }),
        (own) => send("PUT", `/${type}?_id=${own.id}`, { ...own, ...change }),
        (own) => bundled("transaction", { method: "PUT", url: `${type}/${own.id}` }, { ...own, ...change }),
        (own) => bundled("transaction", { method: "PUT", url: `${type}?_id=${own.id}` }, { ...own, ...change }),
        (own) => bundled("batch", { method: "PUT", url: `${type}/${own.id}` }, { ...own, ...change }),
      ];
      for (const update of updates) {
        const own = await made(resource);
        expect((await update(own)).status).toBe(200);
        const { body } = await at.fhir.get(`/${type}/${own.id}`);
        expect(body).toMatchObject({ ...change, meta: { versionId: "2", security: [restricted], tag: [tag] } });
        expect((await at.fhir.get(`/${type}?_security=${restricted.system}|R&_id=${own.id}`)).body.total).toBe(1);
      }
    });

    it("of an update are added if they are security labels, and replace tags and profiles", async () => {
      const own = await made(resource, {
        security: [restricted],
        tag: [tag],
        profile: [`http://hl7.org/fhir/StructureDefinition/${type}`],
      });
      const sensitive = { system: "urn:label", code: "S" };
      const meta = { tag: [other], security: [sensitive, { ...restricted, display: "restricted" }] };
      expect((await send("PUT", `/${type}/${own.id}`, { ...own, ...change, meta })).status).toBe(200);
      const stored = await metaOf(`${type}/${own.id}`);
      expect(stored).toMatchObject(meta);
      expect(stored.profile).toBeUndefined();
      expect((await send("PUT", `/${type}/${own.id}`, { ...own, ...change, meta: { security: [sensitive] } })).status).toBe(200);
      expect(await metaOf(`${type}/${own.id}`)).toMatchObject(meta);
    });

    it("are removed by PATCH and $meta-delete, and with the resource", async () => {
      const own = await made(resource);
      const json = { "Content-Type": "application/json-patch+json" };
      await at.fhir.send("PATCH", `/${type}/${own.id}`, JSON.stringify([{ op: "remove", path: "/meta/tag" }]), json);
      expect((await metaOf(`${type}/${own.id}`)).tag).toBeUndefined();
      const parameter = [{ name: "meta", valueMeta: { security: [restricted] } }];
      await send("POST", `/${type}/${own.id}/$meta-delete`, { resourceType: "Parameters", parameter });
      expect((await metaOf(`${type}/${own.id}`)).security).toBeUndefined();
      const again = await made(resource);
      await at.fhir.send("DELETE", `/${type}/${again.id}`);
      expect((await send("PUT", `/${type}/${again.id}`, { ...again, ...change })).status).toBe(201);
      expect((await metaOf(`${type}/${again.id}`)).security).toBeUndefined();
    });
  });

  it("are not lost by concurrent additions", async () => {
    const own = await made(rossi, { profile });
    const parameter = [{ name: "meta", valueMeta: { security: [restricted] } }];
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, () => send("PUT", `/Patient/${own.id}`, own)),
      send("POST", `/Patient/${own.id}/$meta-add`, { resourceType: "Parameters", parameter }),
      ...Array.from({ length: 8 }, () => send("PUT", `/Patient/${own.id}`, own)),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await metaOf(`Patient/${own.id}`)).security).toEqual([restricted]);
  });
});
