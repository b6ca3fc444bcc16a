import { randomUUID } from "node:crypto";
import { hospital } from "../kit/hospital.ts";

type Entry = Record<string, unknown>;
type Resource = Entry & { resourceType: string };

/** Links in the conditions of a transaction, fullUrls of any scheme, and deletions that come before what they make room for. */
describe("the entries of a transaction", () => {
  const at = hospital();
  const send = (...entry: Entry[]) => at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
  const statuses = ({ body }: { body: { entry: { response: { status: string } }[] } }) => body.entry.map((it) => it.response.status);
  const placeOf = ({ body }: { body: { entry: { response: { location: string } }[] } }, index: number) =>
    body.entry[index]?.response.location.split("/_history")[0] as string;
  const total = async (path: string): Promise<number> => (await at.fhir.get(path)).body.total;

  const patient = (value: string): Resource => ({ resourceType: "Patient", identifier: [{ system: "urn:lc", value }] });
  const encounter = (subject: string, more: Entry = {}): Resource => ({
    resourceType: "Encounter",
    status: "finished",
    class: { code: "AMB" },
    subject: { reference: subject },
    ...more,
  });
  const observation = (subject: string, more: Entry = {}): Resource => ({
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ system: "urn:code", code: "a" }] },
    subject: { reference: subject },
    ...more,
  });
  const post = (resource: Resource, fullUrl?: string, ifNoneExist?: string): Entry => ({
    ...(fullUrl && { fullUrl }),
    resource,
    request: { method: "POST", url: resource.resourceType, ...(ifNoneExist && { ifNoneExist }) },
  });

  describe("are found by conditions that link to each other:", () => {
    it.each([
      ["urn:uuid:", () => `urn:uuid:${randomUUID()}`, (link: string) => link],
      ["URN:UUID: in another case", () => `urn:uuid:${randomUUID()}`, (link: string) => link.toUpperCase()],
      ["percent-encoded", () => `urn:uuid:${randomUUID()}`, encodeURIComponent],
      ["resource:", () => "resource:0", (link: string) => link],
      ["an address elsewhere", () => `http://other.example/fhir/Patient/${randomUUID()}`, encodeURIComponent],
    ])("each run of the same bundle makes nothing twice (%s)", async (_, fullUrlOf, written) => {
      const value = randomUUID();
      const run = () => {
        const [p, e] = [fullUrlOf(), `urn:uuid:${randomUUID()}`];
        return send(
          // Written before what it links to.
          post(observation(p, { encounter: { reference: e } }), undefined, `subject=${written(p)}&encounter=${written(e)}&code=urn:code|a`),
          post(encounter(p), e, `Encounter?subject:Patient=${written(p)}`),
          post(patient(value), p, `Patient?identifier=urn:lc|${value}`),
        );
      };
      const first = await run();
      expect(statuses(first)).toEqual(["201 Created", "201 Created", "201 Created"]);
      expect((await at.fhir.get(`/${placeOf(first, 0)}`)).body).toMatchObject({
        subject: { reference: placeOf(first, 2) },
        encounter: { reference: placeOf(first, 1) },
      });
      const second = await run();
      expect(statuses(second)).toEqual(["200 OK", "200 OK", "200 OK"]);
      expect([0, 1, 2].map((index) => placeOf(second, index))).toEqual([0, 1, 2].map((index) => placeOf(first, index)));
    });

    it("updates, patches, deletions and reads too, and conditional references", async () => {
      const value = randomUUID();
      const p = `urn:uuid:${randomUUID()}`;
      const known = post(patient(value), p, `identifier=urn:lc|${value}`);
      const before = [post(encounter(p, { status: "planned" })), post(observation(p)), post(observation(p, { status: "amended" }))];
      const made = await send(known, ...before);
      const patch = Buffer.from(JSON.stringify([{ op: "add", path: "/note", value: [{ text: "x" }] }])).toString("base64");
      const answer = await send(
        known,
        { resource: encounter(p, { status: "cancelled" }), request: { method: "PUT", url: `Encounter?subject=${p}` } },
        {
          resource: { resourceType: "Binary", contentType: "application/json-patch+json", data: patch },
          request: { method: "PATCH", url: `Observation?subject=${p}&status=final` },
        },
        { request: { method: "DELETE", url: `Observation?patient=${p}&status=amended` } },
        { request: { method: "GET", url: `Encounter?subject=${encodeURIComponent(p)}&_summary=count` } },
        { request: { method: "GET", url: `Patient?_has:Encounter:subject:status=cancelled&_id=${p}` } },
        post({
          resourceType: "Condition",
          subject: { reference: p },
          encounter: { reference: `Encounter?subject=${p}` },
        }),
      );
      expect(answer.status).toBe(200);
      expect([placeOf(answer, 1), placeOf(answer, 2)]).toEqual([placeOf(made, 1), placeOf(made, 2)]);
      expect((await at.fhir.get(`/${placeOf(made, 3)}`)).status).toBe(410);
      expect([answer.body.entry[4].resource.total, answer.body.entry[5].resource.total]).toEqual([1, 1]);
      expect((await at.fhir.get(`/${placeOf(answer, 6)}`)).body.encounter.reference).toBe(placeOf(made, 1));
    });

    it("but an identifier that looks like a link is not one", async () => {
      const urn = `urn:uuid:${randomUUID()}`;
      const named: Resource = { resourceType: "Patient", identifier: [{ system: "urn:ietf:rfc3986", value: urn }] };
      for (const criteria of [`identifier=urn:ietf:rfc3986|${urn}`, `identifier=${urn}`]) {
        expect((await send(post(named, urn, criteria))).status).toBe(200);
      }
      expect(await total(`/Patient?identifier=${urn}`)).toBe(1);
    });

    it("are refused if they form a circle, or lead to nothing", async () => {
      const [a, b] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`];
      expect(await send(post(encounter("Patient/x"), a, `part-of=${b}`), post(encounter("Patient/x"), b, `part-of=${a}`))).toMatchObject({
        status: 400,
        body: { issue: [{ code: "invalid", expression: ["Bundle.entry[0]"] }] },
      });
      expect(await send(post(encounter("Patient/x"), a, `subject=${b}`))).toMatchObject({
        status: 400,
        body: { issue: [{ code: "invalid" }] },
      });
    });
  });

  describe("whose fullUrl is an address here", () => {
    const group = { resourceType: "Group", type: "person", actual: true };
    const put = (id: string): Entry => ({ resource: { ...group, id }, request: { method: "PUT", url: `Group/${id}` } });
    const base = () => `${at.mesh.base}/fhir`;
    const both = async (entry: Entry) => {
      const sent = (type: string) => at.fhir.send("POST", "", { resourceType: "Bundle", type, entry: [post(patient("any")), entry] });
      const [whole, batch] = [await sent("transaction"), (await sent("batch")).body.entry[1].response];
      return { whole, batch };
    };

    it.each<[string, () => Entry, string]>([
      ["of another id", () => ({ fullUrl: `${base()}/Group/g1`, ...put("g2") }), "Group/g1"],
      [
        "of another id, with another scheme",
        () => ({ ...post({ ...group, id: "g2" }, `${base()}/Group/g1`.replace(/^http/, "HTTPS")) }),
        "Group/g1",
      ],
      ["of another type", () => post({ ...group, id: "g1" }, `${base()}/Patient/g1`), "Patient/g1"],
      ["of another type than a resource without an id", () => post(group, `${base()}/Patient/g1`), "Patient/g1"],
      [
        "of another one than what is deleted",
        () => ({ fullUrl: `${base()}/Group/g1`, request: { method: "DELETE", url: "Group/g2" } }),
        "Group/g1",
      ],
      [
        "of another one than what the criteria's becomes",
        () => ({ fullUrl: `${base()}/Group/g1`, resource: { ...group, id: "g2" }, request: { method: "PUT", url: "Group?code=none" } }),
        "Group/g1",
      ],
    ])("%s is refused", async (_, entry, named) => {
      const { whole, batch } = await both(entry());
      const issue = [
        { code: "invalid", expression: ["Bundle.entry[1].fullUrl"], diagnostics: expect.stringContaining(`address of ${named},`) },
      ];
      expect(whole).toMatchObject({ status: 400, body: { issue } });
      expect(batch).toMatchObject({ status: "400", outcome: { issue } });
    });

    it.each<[string, () => Entry]>([
      ["its own", () => ({ fullUrl: `${base()}/Group/g1`, ...put("g1") })],
      ["that of its id at the client", () => post({ ...group, id: "g1" }, `${base()}/Group/g1`)],
      ["the one address of a resource without an id", () => post(group, `${base()}/Group/g1`)],
      ["no resource's", () => ({ fullUrl: `${base()}/files/g1`, ...put("g2") })],
      ["not: it is another server's", () => ({ fullUrl: "http://elsewhere.example/fhir/Group/g1", ...put("g2") })],
    ])("is accepted if it is %s", async (_, entry) => {
      const { whole, batch } = await both(entry());
      expect([whole.status, batch.status]).toEqual([200, expect.stringMatching(/^20[01]/)]);
    });
  });

  describe("link by a fullUrl of any scheme:", () => {
    it.each([
      "resource:0",
      "cid:a@example.org",
      "URN:UUID:0D1A2F5E-8F0A-4C3D-9B1E-00000000000A",
      "urn:oid:1.2.3.4",
      "URN:OID:1.2.3.5",
      "HTTP://Other.Example/fhir/Patient/x1",
      "Patient/x1",
    ])("%s", async (fullUrl) => {
      const written = fullUrl.startsWith("URN:UUID") ? fullUrl.toLowerCase() : fullUrl.replace(/^[^:]+:/, (scheme) => scheme.toLowerCase());
      const answer = await send(post(encounter(written), `urn:uuid:${randomUUID()}`), post(patient("any"), fullUrl));
      expect(answer.status).toBe(200);
      expect((await at.fhir.get(`/${placeOf(answer, 0)}`)).body.subject.reference).toBe(placeOf(answer, 1));
    });

    it("and two in different cases are equal", async () => {
      const urn = "urn:uuid:0d1a2f5e-8f0a-4c3d-9b1e-00000000000b";
      expect(await send(post(patient("one"), urn), post(patient("two"), urn.toUpperCase()))).toMatchObject({ status: 400 });
    });

    it.each(["urn:uuid:0d1a2f5e-8f0a-4c3d-9b1e-00000000000c", "URN:OID:1.2.3", "resource:7", "cid:nobody"])(
      "%s, which is no entry's, is refused in a transaction, and any in a batch",
      async (link) => {
        const value = randomUUID();
        expect(await send(post(patient(value)), post(encounter(link)))).toMatchObject({
          status: 400,
          body: { issue: [{ code: "invalid", expression: ["Bundle.entry[1]"] }] },
        });
        expect(await total(`/Patient?identifier=urn:lc|${value}`)).toBe(0);
        const entry = [post(patient(value), link), post(encounter(link)), post(encounter("Patient/x"), undefined, `subject=${link}`)];
        const batch = await at.fhir.send("POST", "", { resourceType: "Bundle", type: "batch", entry });
        expect(batch.body.entry.map((it: { response: { status: string } }) => it.response.status)).toEqual(["201", "400", "400"]);
      },
    );

    it.each(["urn:uuid:0d1a2f5e-8f0a-4c3d-9b1e-00000000000f", "urn:oid:1.2.3", "\\u0075rn:oid:1.2.3", "resource:0", "CID:nobody"])(
      "%s is refused in what comes alone, by each door, also in what is contained; a uri may be one",
      async (link) => {
        const value = randomUUID();
        const [{ body: stored }] = await Promise.all([
          at.fhir.create({ ...observation("Patient/x"), identifier: [{ system: "urn:lc", value }] }),
        ]);
        const refused = { status: 400, body: { issue: [{ code: "invalid", diagnostics: expect.stringContaining("leads nowhere") }] } };
        const sent = (method: string, path: string, body: object, headers = {}) =>
          at.fhir.send(method, path, JSON.stringify(body).replace("LINK", link), headers);
        const vain = observation("LINK", { identifier: [{ system: "urn:lc", value }] });
        expect(await sent("POST", "/Observation", vain)).toMatchObject(refused);
        expect(await sent("POST", "/Observation", vain, { "If-None-Exist": "identifier=urn:lc|none" })).toMatchObject(refused);
        expect(await sent("PUT", `/Observation/${stored.id}`, { ...vain, id: stored.id })).toMatchObject(refused);
        expect(await sent("PUT", `/Observation?identifier=urn:lc|${value}`, vain)).toMatchObject(refused);
        const patch = [{ op: "add", path: "/focus", value: [{ reference: "LINK" }] }];
        expect(await sent("PATCH", `/Observation/${stored.id}`, patch, { "Content-Type": "application/json-patch+json" })).toMatchObject(
          refused,
        );
        const contained = [{ resourceType: "Condition", id: "c", subject: { reference: "LINK" } }];
        const flag = { resourceType: "Flag", status: "active", code: { text: "x" }, subject: { reference: "Patient/x" } };
        const within = { ...flag, contained, extension: [{ url: "urn:x", valueReference: { reference: "#c" } }] };
        expect(await sent("POST", "/Flag", within)).toMatchObject(refused);
        const named = {
          ...flag,
          subject: { identifier: { system: "urn:oid:1.2.3", value: "1" } },
          extension: [{ url: "urn:x", valueUri: "LINK" }],
        };
        expect((await sent("POST", "/Flag", named)).status).toBe(201);
      },
    );

    it("and links within a stored Bundle are unchanged", async () => {
      const inner = {
        resourceType: "Bundle",
        type: "collection",
        entry: [
          {
            fullUrl: "urn:uuid:0d1a2f5e-8f0a-4c3d-9b1e-00000000000d",
            resource: encounter("urn:uuid:0d1a2f5e-8f0a-4c3d-9b1e-00000000000e"),
          },
        ],
      };
      expect((await send(post(inner))).status).toBe(200);
    });
  });

  describe("create again what they delete:", () => {
    it.each<[string, Resource]>([
      ["Patient", patient("again")],
      ["Encounter", encounter("Patient/x", { identifier: [{ system: "urn:lc", value: "again" }] })],
    ])("a %s, in any order", async (type, resource) => {
      const criteria = "identifier=urn:lc|again";
      await at.fhir.create(resource);
      const { id } = (await at.fhir.get(`/${type}?${criteria}`)).body.entry[0].resource;
      const remove = { request: { method: "DELETE", url: `${type}/${id}` } };
      const answer = await send(post(resource, undefined, criteria), remove);
      expect(statuses(answer)).toEqual(["201 Created", "204 No Content"]);
      expect((await at.fhir.get(`/${type}/${id}`)).status).toBe(410);
      expect(await total(`/${type}?${criteria}`)).toBe(1);
      // By criteria, and when several are deleted.
      const byCriteria = await send(
        { request: { method: "DELETE", url: `${type}?${criteria}` } },
        post(resource, undefined, `${type}?${criteria}`),
      );
      expect(statuses(byCriteria)).toEqual(["204 No Content", "201 Created"]);
      await at.fhir.create(resource);
      const ids = (await at.fhir.get(`/${type}?${criteria}`)).body.entry.map((it: { resource: { id: string } }) => it.resource.id);
      expect(ids).toHaveLength(2);
      const all = await send(
        ...ids.map((one: string) => ({ request: { method: "DELETE", url: `${type}/${one}` } })),
        post(resource, undefined, criteria),
      );
      expect(statuses(all)).toEqual(["204 No Content", "204 No Content", "201 Created"]);
      expect(await total(`/${type}?${criteria}`)).toBe(1);
    });

    it("but match the only remaining one of several", async () => {
      for (let index = 0; index < 2; index += 1) await at.fhir.create(patient("left"));
      const [one, other] = (await at.fhir.get("/Patient?identifier=urn:lc|left")).body.entry.map(
        (it: { resource: { id: string } }) => it.resource.id,
      );
      const answer = await send(
        { request: { method: "DELETE", url: `Patient/${one}` } },
        post(patient("left"), undefined, "identifier=urn:lc|left"),
      );
      expect(placeOf(answer, 1)).toBe(`Patient/${other}`);
    });
  });
});
